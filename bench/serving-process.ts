import { type ChildProcess, spawn } from 'node:child_process'
import { globSync, readFileSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { HttpConnection } from './load/http-connection.ts'
import { until } from './measure.ts'

const toolkit = fileURLToPath(new URL('../python/toolkit', import.meta.url))

/** The Unix socket of the one serving task of this home: what the router itself forwards to. */
export function taskSocket(home: string): string {
  const [path, ...others] = globSync('tasks/*/socket/http', { cwd: home })
  if (!path || others.length > 0)
    throw new Error(`expected one serving task under ${home}, found ${others.length + (path ? 1 : 0)}`)
  return join(home, path)
}

/** The variables of the running task that has `marker` (`NAME=value`) among them. */
export function taskVariables(marker: string): Record<string, string> {
  for (const file of globSync('/proc/[0-9]*/environ')) {
    const text = readWhileThere(file)
    if (!text?.split('\0').includes(marker)) continue
    const entries = text
      .split('\0')
      .filter(Boolean)
      .map((entry) => entry.split(/=(.*)/s).slice(0, 2))
    return Object.fromEntries(entries)
  }
  throw new Error(`no running task has ${marker}`)
}

function readWhileThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && ['ENOENT', 'ESRCH', 'EACCES'].includes(String(error.code)))
      return undefined
    throw error
  }
}

/** Serves the echo model by the same server in the same environment, without Sagebrush; resolves to ms until /ping is 200. */
export async function readyByHand(variables: Readonly<Record<string, string>>): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'sb-hand-'))
  const code = join(folder, 'ml', 'model', 'code')
  await mkdir(code, { recursive: true })
  await writeFile(join(code, 'inference.py'), readFileSync(new URL('models/echo/inference.py', import.meta.url)))
  const socket = join(folder, 'http')
  const started = performance.now()
  const child = spawn(join(toolkit, 'bin', 'serve'), {
    cwd: folder,
    env: {
      ...variables,
      HOME: folder,
      TMPDIR: folder,
      SAGEBRUSH_ML_ROOT: join(folder, 'ml'),
      SAGEBRUSH_BIND_TO_SOCKET: socket,
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text) => {
    said += text
  })
  try {
    await until('the server started by hand', () => ping(socket), { everyMs: 1, limitMs: 60_000 })
    return performance.now() - started
  } catch (error) {
    throw new Error(`the server that was started by hand does not serve: ${said}`, { cause: error })
  } finally {
    await ended(child)
    await rm(folder, { recursive: true })
  }
}

async function ping(socket: string): Promise<true | undefined> {
  const connection = new HttpConnection({ path: socket })
  try {
    const { status } = await connection.request('GET', '/ping', { host: 'localhost' }, Buffer.alloc(0))
    return status === 200 ? true : undefined
  } catch (error) {
    if (error instanceof Error && 'code' in error && ['ENOENT', 'ECONNREFUSED'].includes(String(error.code)))
      return undefined
    throw error
  } finally {
    connection.close()
  }
}

/** Asks it to end and waits for that. */
export function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  return new Promise((resolve) => {
    child.once('exit', () => resolve())
    child.kill('SIGTERM')
  })
}
