import { spawn } from 'node:child_process'

export interface BoundedRun {
  readonly command: readonly [string, ...string[]]
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
  readonly limitMs: number
}

export type Ending = 'passed' | 'failed' | 'hung' | `could not start: ${string}`

/** Runs a command with its output shown live and an end to it: TERM at the limit, KILL ten seconds later. */
export function runBounded({ command: [command, ...args], cwd, env, limitMs }: BoundedRun): Promise<Ending> {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'inherit', 'inherit'],
    })
    let hung = false
    const limit = setTimeout(() => {
      hung = true
      child.kill('SIGTERM')
    }, limitMs)
    const kill = setTimeout(() => child.kill('SIGKILL'), limitMs + 10_000)
    const end = (ending: Ending) => {
      clearTimeout(limit)
      clearTimeout(kill)
      resolve(ending)
    }
    child.on('error', (error) => end(`could not start: ${error.message}`))
    child.on('exit', (code) => end(hung ? 'hung' : code === 0 ? 'passed' : 'failed'))
  })
}
