import { spawn } from 'node:child_process'

export interface BoundedRun {
  readonly command: readonly [string, ...string[]]
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
  readonly limitMs: number
}

export type Ending = 'passed' | 'failed' | 'hung' | `could not start: ${string}`

const graceMs = 10_000
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * Runs a command with its output shown live and an end to it: at the limit its whole process group gets TERM, and KILL
 * ten seconds later. A group of its own, for a worker in an endless loop does not notice that its parent is gone.
 * Signals to this process are passed on, and then end it.
 */
export function runBounded({ command: [command, ...args], cwd, env, limitMs }: BoundedRun): Promise<Ending> {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'inherit', 'inherit'],
      detached: true,
    })
    let hung = false
    let kill: NodeJS.Timeout | undefined
    const stop = (signal: NodeJS.Signals) => {
      killGroup(child.pid, signal)
      kill ??= setTimeout(() => killGroup(child.pid, 'SIGKILL'), graceMs)
    }
    const limit = setTimeout(() => {
      hung = true
      stop('SIGTERM')
    }, limitMs)
    let interrupted: NodeJS.Signals | undefined
    const passOn = (signal: NodeJS.Signals) => {
      interrupted = signal
      stop(signal)
    }
    for (const signal of signals) process.on(signal, passOn)
    const end = (ending: Ending) => {
      clearTimeout(limit)
      clearTimeout(kill)
      for (const signal of signals) process.off(signal, passOn)
      if (hung || interrupted) killGroup(child.pid, 'SIGKILL')
      if (interrupted) process.kill(process.pid, interrupted)
      resolve(ending)
    }
    child.on('error', (error) => end(`could not start: ${error.message}`))
    child.on('exit', (code) => end(hung ? 'hung' : code === 0 ? 'passed' : 'failed'))
  })
}

function killGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, signal)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}
