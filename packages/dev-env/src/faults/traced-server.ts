import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { leftBehind, tasksRemoved } from '../left-behind.ts'

const cli = fileURLToPath(new URL('../../../cli/bin/sagebrush.mjs', import.meta.url))
const CALLS = 'write,writev,pwrite64,pwritev,fsync,fdatasync,rename,renameat,renameat2,sendto,sendmsg'
const START_MS = 60_000

/** One system call; what happened before it began was done, what happened after it was done had not begun. */
export interface SystemCall {
  readonly name: string
  /** As strace writes them: descriptors with their paths, the first bytes of buffers. */
  readonly arguments: string
  readonly succeeded: boolean
  /** Places in the order of all beginnings and ends. */
  readonly began: number
  readonly done: number
}

export interface TracedServer {
  readonly home: string
  /** Stops the server; what all its threads have written, synced, renamed and sent. */
  close(): Promise<readonly SystemCall[]>
}

/** The server as a child of strace, which follows its threads. */
export async function startTracedServer(): Promise<TracedServer> {
  const folder = mkdtempSync(join(tmpdir(), 'traced-'))
  const home = join(folder, 'home')
  const trace = join(folder, 'trace')
  // SQLite writes whole pages; names are looked for in them.
  const strace = ['-f', '--seccomp-bpf', '-y', '-yy', '-s', '8192', '-e', `trace=${CALLS}`, '-o', trace]
  const child = spawn('strace', [...strace, process.execPath, cli, 'up'], {
    env: { ...process.env, SAGEBRUSH_HOME: home, SAGEBRUSH_PORT: '0' },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text) => {
    said += text
  })
  const ended = once(child, 'exit')
  const record = join(home, 'server.json')
  for (const deadline = Date.now() + START_MS; !existsSync(record); ) {
    if (child.exitCode !== null || Date.now() > deadline) throw new Error(`the traced server does not start: ${said}`)
    await delay(20)
  }
  return {
    home,
    close: async () => {
      await tasksRemoved(home)
      process.kill(JSON.parse(readFileSync(record, 'utf8')).pid, 'SIGTERM')
      await ended
      const left = await leftBehind(home)
      const calls = parseTrace(readFileSync(trace, 'utf8'))
      rmSync(folder, { recursive: true })
      if (left.length > 0) throw new Error(`The test left behind: ${left.join(', ')}`)
      return calls
    },
  }
}

/** Other threads' calls come between the two halves of one that waits. */
export function parseTrace(text: string): readonly SystemCall[] {
  const calls: SystemCall[] = []
  const waiting = new Map<string, { name: string; arguments: string; began: number }>()
  text.split('\n').forEach((line, at) => {
    const begun = /^(\d+) +(\w+)\((.*?)(?: <unfinished \.\.\.>|\) += (-?\d+).*)$/s.exec(line)
    if (begun) {
      const [, thread = '', name = '', given = '', result] = begun
      if (result === undefined) waiting.set(thread, { name, arguments: given, began: at })
      else calls.push({ name, arguments: given, succeeded: Number(result) >= 0, began: at, done: at })
      return
    }
    const [, thread = '', rest = '', result] = /^(\d+) +<\.\.\. \w+ resumed>(.*)\) += (-?\d+).*$/s.exec(line) ?? []
    const first = waiting.get(thread)
    if (!first || result === undefined) return
    waiting.delete(thread)
    calls.push({ ...first, arguments: first.arguments + rest, succeeded: Number(result) >= 0, done: at })
  })
  return calls
}
