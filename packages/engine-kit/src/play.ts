import { execFile } from 'node:child_process'
import { chmod, copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { type CollectedOutput, type ObjectReader, StagingError, type TaskExit, type TaskSpec } from '@sagebrush/core'
import type { Act } from './acts.ts'
import type { FakeEngine } from './fake-control.ts'
import type { FakeTask } from './fake-machine.ts'
import { isFinal } from './phases.ts'

const run = promisify(execFile)

/** The acts as a command that a playing fake understands. */
export function fakeCommand(acts: readonly Act[]): string[] {
  return ['play', JSON.stringify(acts)]
}

/** Plays one task from its inputs to its outputs; a task that is removed meanwhile is left alone. */
export async function play(engine: FakeEngine, spec: TaskSpec, task: FakeTask, objects?: ObjectReader): Promise<void> {
  const { machine } = engine
  const place = (path: string) => join(machine.folder(spec.id), path)
  const gone = () => machine.tasks.get(spec.id) !== task
  try {
    await stage(spec, place, objects)
    if (gone()) return
    if (spec.command[0] !== 'play') throw new StagingError(`The command "${spec.command[0]}" cannot be started.`)
    const acts: readonly Act[] = JSON.parse(spec.command[1] ?? '[]')
    if (!acts.some((act) => act.do === 'serve')) engine.run(spec.id)
    const exit = await perform(acts, engine, spec, task, place)
    if (gone()) return
    engine.collect(spec.id)
    const failure = await readFile(place('/opt/ml/output/failure'), 'utf8').catch(() => undefined)
    const outputs: CollectedOutput[] = []
    for (const { archive, path, always } of spec.outputs) {
      const names = await readdir(place(path)).catch(() => [])
      if (names.length > 0 || always) {
        await mkdir(place(path), { recursive: true })
        outputs.push(await machine.pack(spec.id, archive, place(path)))
      }
    }
    if (gone()) return
    await engine.finish(spec.id, { ...exit, ...(failure !== undefined && { failure }) })
    if (task.state.phase === 'ended') task.state = { ...task.state, outputs }
  } catch (error) {
    if (gone() || isFinal(task.state)) return
    engine.fail(
      spec.id,
      String(error instanceof Error ? error.message : error),
      error instanceof StagingError ? 'user' : 'platform',
    )
  }
}

async function stage(spec: TaskSpec, place: (path: string) => string, objects?: ObjectReader): Promise<void> {
  for (const folder of ['input/data', 'model', 'output/data'])
    await mkdir(place(`/opt/ml/${folder}`), { recursive: true })
  for (const { path, content } of spec.files) await write(place(path), content)
  for (const input of spec.inputs) {
    await mkdir(place(input.path), { recursive: true })
    for await (const batch of objects?.read(spec.scope, input.source) ?? []) {
      for (const { name, path } of batch) {
        if (input.kind === 'archive') await unpack(path, place(input.path), input.source.uri)
        else await copy(path, place(join(input.path, name)))
      }
    }
  }
}

async function unpack(archive: string, folder: string, uri: string): Promise<void> {
  const { stdout } = await run('tar', ['-tPf', archive])
  const outside = stdout.split('\n').find((name) => name.startsWith('/') || name.split('/').includes('..'))
  if (outside)
    throw new StagingError(`The archive ${uri}: the member "${outside}" lies outside of the archive's folder.`)
  await run('tar', ['-xf', archive, '-C', folder])
}

async function copy(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true })
  await copyFile(from, to)
}

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, text)
}

async function perform(
  acts: readonly Act[],
  engine: FakeEngine,
  spec: TaskSpec,
  task: FakeTask,
  place: (path: string) => string,
): Promise<Partial<TaskExit>> {
  for (const act of acts) {
    if (act.do === 'exit') return { code: act.code }
    if (act.do === 'kill-itself') return { signal: act.signal }
    if (act.do === 'print') engine.log(spec.id, act.text)
    if (act.do === 'print-in-pieces') engine.log(spec.id, act.pieces.join(''))
    if (act.do === 'print-variable') engine.log(spec.id, spec.environment[act.name] ?? '')
    if (act.do === 'write') await write(place(act.path), act.text)
    if (act.do === 'keep-writing') void keepWriting(place(act.path), task.stop.signal)
    if (act.do === 'make-executable') await chmod(place(act.path), 0o755)
    if (act.do === 'show') {
      const text = await readFile(place(act.path), 'utf8')
      for (const line of text.replace(/\n$/, '').split('\n')) engine.log(spec.id, line)
    }
    if (act.do === 'await-stop') {
      engine.log(spec.id, 'waiting')
      await aborted(task.stop.signal)
    }
    if (act.do === 'hang') {
      engine.log(spec.id, 'hanging')
      await aborted(task.stop.signal)
      await new Promise((resolve) => setTimeout(resolve, task.graceMs))
      return { signal: 'SIGKILL' }
    }
    if (act.do === 'serve') {
      await serve(engine, spec, task)
      return { signal: 'SIGTERM' }
    }
  }
  return { code: 0 }
}

async function keepWriting(path: string, signal: AbortSignal): Promise<void> {
  // The folder goes with the task, perhaps before the signal.
  while (!signal.aborted) await writeFile(path, Buffer.alloc(300_000), { signal }).catch(() => undefined)
}

async function serve(engine: FakeEngine, spec: TaskSpec, task: FakeTask): Promise<void> {
  const server = createServer((request, response) => response.writeHead(request.url === '/ping' ? 200 : 404).end())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  engine.run(spec.id, { host: '127.0.0.1', port: address.port })
  await aborted(task.stop.signal)
  server.close()
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
}
