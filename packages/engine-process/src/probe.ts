import { execFile } from 'node:child_process'
import { constants } from 'node:fs'
import { access, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { defaultAgent } from './options.ts'

const run = promisify(execFile)

/** A Python on this machine, by its own account. */
export interface Python {
  /** The interpreter itself, not a version manager's shim in front of it (a shim costs 70 ms at every start). */
  readonly path: string
  /** Such as `3.11.7`. */
  readonly version: string
  /** What a virtual environment of it refers to. */
  readonly base: string
  /** Empty, or the modules that Debian and others leave out: `venv`, `ensurepip`. */
  readonly missing: readonly string[]
}

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

const question =
  'import sys,json,importlib.util as u;' +
  'print(json.dumps({"path":sys.executable,"version":"%d.%d.%d"%sys.version_info[:3],"base":sys.base_prefix,' +
  '"missing":[m for m in ("venv","ensurepip") if u.find_spec(m) is None]}))'

/** Asks every `python3`, `python3.9` … on the given PATH. */
export async function findPythons(searchPath: string): Promise<readonly Python[]> {
  const names = ['python3', ...[14, 13, 12, 11, 10, 9].map((minor) => `python3.${minor}`)]
  const found = await Promise.all(
    names.flatMap((name) =>
      searchPath
        .split(':')
        .filter((folder) => folder.startsWith('/'))
        .map((folder) => askPython(join(folder, name))),
    ),
  )
  const byPath = new Map<string, Python>()
  for (const python of found) {
    if (python && atLeast(python.version, 3, 9) && !byPath.has(python.base + python.version)) {
      byPath.set(python.base + python.version, python)
    }
  }
  return [...byPath.values()]
}

async function askPython(path: string): Promise<Python | undefined> {
  try {
    await access(path, constants.X_OK)
    const { stdout } = await run(path, ['-I', '-c', question], { timeout: 10_000 })
    return JSON.parse(stdout)
  } catch {
    return undefined // not there, or a shim of a version that is not installed: no Python to count
  }
}

function atLeast(version: string, major: number, minor: number): boolean {
  const [a = 0, b = 0] = version.split('.').map(Number)
  return a > major || (a === major && b >= minor)
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
  readonly agent?: string
}): Promise<ProbeResult> {
  await mkdir(options.root, { recursive: true, mode: 0o700 })
  const pythons = await findPythons(options.searchPath)
  const problem = pythonProblem(pythons)
  const [python] = pythons
  if (!python) {
    const reason = 'no Python to ask with'
    const none = { namespaces: 'none', namespacesReason: reason, staging: 'copy', stagingReason: reason } as const
    return { ...none, pythons, ...(problem && { pythonProblem: problem }) }
  }
  const script = join(options.agent ?? defaultAgent, 'probe.py')
  const { stdout } = await run(python.path, ['-E', '-s', '-S', script, options.root], { timeout: 30_000 })
  return { ...JSON.parse(stdout), pythons, ...(problem && { pythonProblem: problem }) }
}
