import { execFile } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { findPythons, type Python } from './pythons.ts'

const run = promisify(execFile)

export interface ProbeResult {
  /** How a task gets its own view of the machine. */
  readonly namespaces: 'root' | 'user' | 'none'
  readonly namespacesReason: string
  /** How a channel is brought without copying. */
  readonly staging: 'overlay' | 'reflink' | 'copy'
  readonly stagingReason: string
  /** Every Python ≥ 3.9 found, the one on PATH as `python3` first. */
  readonly pythons: readonly Python[]
  /** What is missing and how to get it; absent where an environment can be made. */
  readonly pythonProblem?: string
}

export function pythonProblem(pythons: readonly Python[]): string | undefined {
  const [first] = pythons
  if (!first) return 'No python3 (3.9 or later) is on PATH: install it (Debian, Ubuntu: apt-get install python3-venv).'
  if (pythons.some((python) => python.missing.length === 0)) return undefined
  return `${first.path} has no ${first.missing.join(' and no ')} module: install it (Debian, Ubuntu: apt-get install python3-venv).`
}

/**
 * What this machine allows the process engine, tried and not guessed (50 ms). `root`: the folder of the tasks.
 * For `doctor`, and asked once by every engine.
 */
export async function probe(options: {
  readonly root: string
  readonly searchPath: string
  /** A file that keeps what the Pythons answered; without it they are asked. */
  readonly memory?: string
  /** The folder `python/agent`. */
  readonly agent: string
}): Promise<ProbeResult> {
  await mkdir(options.root, { recursive: true, mode: 0o700 })
  const pythons = await findPythons(options.searchPath, options.memory)
  const problem = pythonProblem(pythons)
  const [python] = pythons
  if (!python) {
    const reason = 'no Python to ask with'
    const none = { namespaces: 'none', namespacesReason: reason, staging: 'copy', stagingReason: reason } as const
    return { ...none, pythons, ...(problem && { pythonProblem: problem }) }
  }
  const script = join(options.agent, 'probe.py')
  const { stdout } = await run(python.path, ['-E', '-s', '-S', script, options.root], { timeout: 30_000 })
  return { ...JSON.parse(stdout), pythons, ...(problem && { pythonProblem: problem }) }
}
