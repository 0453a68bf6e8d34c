import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { runningServer } from '@sagebrush/server/client'
import { leftBehind, tasksRemoved } from './left-behind.ts'

const cli = fileURLToPath(new URL('../../cli/bin/sagebrush.mjs', import.meta.url))

export interface Finished {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
  readonly seconds: number
}

export interface ServerProcess {
  readonly home: string
  /** Where it answers; the same after a restart. */
  readonly url: string
  /** Its process id now. */
  readonly pid: number
  /** The `sagebrush` command on this home: `sagebrush(['run', '--', 'python', 'x.py'])`. */
  sagebrush(args: readonly string[], environment?: Readonly<Record<string, string>>): Promise<Finished>
  /** The same, while it runs. */
  spawn(args: readonly string[], environment?: Readonly<Record<string, string>>): ChildProcess
  /** A script of bash after `eval "$(sagebrush env)"`, in a shell with these variables. */
  shell(script: string, environment?: Readonly<Record<string, string>>): Promise<Finished>
  /** SIGKILL to the server, and a new one on the same home and port; resolves when that one answers. */
  killAndRestart(): Promise<void>
  /** Stops it and removes the home; throws where a task, a process or a mount was left behind. */
  close(): Promise<void>
}

/**
 * A server as users have it: `sagebrush up -d` on a free port, with a temporary home. `wrap`: a program with its
 * arguments that runs each command, such as `nsenter` into a namespace.
 */
export async function startServerProcess(
  settings: Readonly<Record<string, string>> = {},
  wrap: readonly string[] = [],
): Promise<ServerProcess> {
  const home = await mkdtemp(join(tmpdir(), 'sb-'))
  const base = { ...withoutSagebrush(process.env), SAGEBRUSH_HOME: home, SAGEBRUSH_PORT: '0', ...settings }
  const command = (args: readonly string[]) => {
    const [program = '', ...rest] = [...wrap, process.execPath, cli, ...args]
    return { program, rest }
  }
  const sagebrush = (args: readonly string[], environment: Readonly<Record<string, string>> = {}) => {
    const { program, rest } = command(args)
    return run(program, rest, { ...base, ...environment })
  }
  const up = async (port: string) => {
    const done = await sagebrush(['up', '-d', '--port', port])
    if (done.code !== 0) throw new Error(`sagebrush up failed: ${done.stderr}${done.stdout}`)
    return recordOf(home)
  }
  let record = await up(base.SAGEBRUSH_PORT)
  return {
    home,
    url: record.url,
    get pid() {
      return record.pid
    },
    sagebrush,
    spawn: (args, environment = {}) => {
      const { program, rest } = command(args)
      return spawn(program, rest, { env: { ...base, ...environment }, stdio: ['ignore', 'pipe', 'pipe'] })
    },
    shell: (script, environment = {}) => {
      const [program = '', ...rest] = [
        ...wrap,
        'bash',
        '-c',
        `eval "$("$0" "$1" env)"\n${script}`,
        process.execPath,
        cli,
      ]
      return run(program, rest, { ...base, ...environment })
    },
    killAndRestart: async () => {
      process.kill(record.pid, 'SIGKILL')
      record = await up(new URL(record.url).port)
    },
    close: async () => {
      await tasksRemoved(home)
      const down = await sagebrush(['down'])
      const left = await leftBehind(home)
      await rm(home, { recursive: true })
      if (down.code !== 0) throw new Error(`sagebrush down failed: ${down.stderr}`)
      if (left.length > 0) throw new Error(`The test left behind: ${left.join(', ')}`)
    },
  }
}

/** Runs a program to its end; its output and exit status, whatever they are. */
export function run(
  program: string,
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Finished> {
  const started = performance.now()
  return new Promise((resolve, reject) => {
    const child = execFile(
      program,
      args,
      { env: environment as NodeJS.ProcessEnv, maxBuffer: 256 * 1024 * 1024 },
      (_error, stdout, stderr) => {
        const code = child.exitCode ?? 128
        resolve({ code, stdout, stderr, seconds: (performance.now() - started) / 1000 })
      },
    )
    child.on('error', reject)
  })
}

function recordOf(home: string) {
  const record = runningServer(home)
  if (!record) throw new Error(`sagebrush up returned, and no server runs on ${home}`)
  return record
}

function withoutSagebrush(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept = Object.entries(environment).filter(
    ([name]) => !name.startsWith('SAGEBRUSH_') || name === 'SAGEBRUSH_CACHE',
  )
  return Object.fromEntries(kept)
}
