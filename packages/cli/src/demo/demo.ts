import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { extname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { clientEnvironment, clientFiles, installed, loadConfig, readClientFacts } from '@sagebrush/server/client'
import { calledAs } from '../called-as.ts'
import { listenForInterruption } from './interruption.ts'
import { runPythonProgram } from './python-program.ts'
import { type DemoServer, startServer } from './start-server.ts'

type Example = typeof import('@sagebrush/example-aws-sdk-js')

/** A server of its own on a free port with a temporary home, one job, one endpoint, and nothing left. */
export async function runDemo({ python }: { readonly python: boolean }): Promise<void> {
  const started = Date.now()
  let lastSaid = started
  const say = (line: string) => {
    lastSaid = Date.now()
    console.log(`${((lastSaid - started) / 1000).toFixed(2).padStart(6)} s  ${line}`)
  }
  const interruption = listenForInterruption((name) =>
    say(`${name}: ending what runs (again: end at once, and leave the folder)`),
  )
  const home = await mkdtemp(join(tmpdir(), 'sagebrush-demo-'))
  // Nobody likes silence: the first time, an environment is made, and that takes half a minute.
  const stillThere = setInterval(() => {
    if (Date.now() - lastSaid >= 4000) say('…')
  }, 1000)
  let cache: string | undefined
  let server: DemoServer | undefined
  let program: Promise<void> | undefined
  let failed = false
  try {
    cache = loadConfig({ flags: { home } }).config.cache
    say('starting a server')
    server = await startServer(home, say)
    interruption.signal.throwIfAborted()
    program = python ? runPythonProgram(home, say, interruption.signal) : runJavaScriptProgram(home, say)
    await Promise.race([program, interruption.came])
  } catch (error) {
    failed = true
    if (!interruption.signal.aborted)
      console.error(`\nThe demo failed: ${error instanceof Error ? error.message : String(error)}`)
  } finally {
    await server?.stop(program)
    clearInterval(stillThere)
    const { deleteTree, sweepHomeCaches } = await import('@sagebrush/server')
    await deleteTree(home)
    if (cache !== undefined) await sweepHomeCaches(cache)
  }
  say(failed ? 'cleaned up' : `cleaned up; now for yourself: ${calledAs} up`)
  process.exitCode = interruption.exitCode() ?? (failed ? 1 : 0)
  // An interrupted program may still hold a connection to the server that is gone.
  if (interruption.signal.aborted) process.exit()
}

async function runJavaScriptProgram(home: string, say: (line: string) => void): Promise<void> {
  const change = clientEnvironment(readClientFacts(home), clientFiles(home), process.env)
  for (const name of change.unset) delete process.env[name]
  Object.assign(process.env, change.set)
  // By its path, as a user would run it: it finds its script and its data beside itself.
  const file = installed(`examples/aws-sdk-js/train-and-serve${extname(import.meta.url)}`)
  const { trainAndServe } = (await import(pathToFileURL(file).href)) as Example
  const outcome = await trainAndServe(say)
  console.log(`
  predictions                    ${outcome.predictions.slice(0, 10).join(' ')} …
  test:accuracy                  ${outcome.metrics['test:accuracy']}
  create → first line of code    ${outcome.createToFirstLineMs} ms${made(outcome.createToFirstLineMs)}
  create → InService             ${outcome.createToInServiceMs} ms
  median invoke                  ${outcome.medianInvokeMs.toFixed(2)} ms
`)
}

/** The first time, most of it is the environment's. */
function made(ms: number): string {
  return ms > 3000 ? ' (its environment was made first; run the demo again)' : ''
}
