import { execFile } from 'node:child_process'
import { constants } from 'node:fs'
import { access, mkdir, realpath, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { readJson, replaceJson } from '@sagebrush/task-folder'

const run = promisify(execFile)

/** A Python on this machine, by its own account; never a virtual environment's, which may go at any time. */
export interface Python {
  /** The interpreter itself, not a link or a version manager's shim in front of it (a shim costs 70 ms at a start). */
  readonly path: string
  /** Such as `3.11.7`. */
  readonly version: string
  /** What a virtual environment of it refers to. */
  readonly base: string
  /** Empty, or the modules that Debian and others leave out: `venv`, `ensurepip`. */
  readonly missing: readonly string[]
}

interface Answer extends Python {
  /** Where its modules are: the folder changes when a package brings a missing one. */
  readonly library: string
  /** Of a virtual environment: the interpreter that it was made with. */
  readonly madeWith?: string
}

// Before 3.11 sys._base_executable is the virtual environment's own; sys._home is what its pyvenv.cfg says.
const question = `
import sys, os, json, importlib.util as u
answer = {"path": os.path.realpath(sys.executable), "version": "%d.%d.%d" % sys.version_info[:3],
  "base": sys.base_prefix, "library": os.path.dirname(os.__file__),
  "missing": [m for m in ("venv", "ensurepip") if u.find_spec(m) is None]}
if sys.prefix != sys.base_prefix:
  made = getattr(sys, "_base_executable", None) or sys.executable
  if made == sys.executable:
    folder = getattr(sys, "_home", None) or os.path.join(sys.base_prefix, "bin")
    made = os.path.join(folder, "python%d.%d" % sys.version_info[:2])
  answer["madeWith"] = os.path.realpath(made)
print(json.dumps(answer))`

const FORMAT = 1

interface Remembered {
  readonly format: typeof FORMAT
  readonly key: string
  readonly pythons: readonly Python[]
  /** Modification times of the interpreters and their libraries. */
  readonly times: Readonly<Record<string, number>>
}

/**
 * Every Python ≥ 3.9 that is `python3`, `python3.9` … on the given PATH, the one found as `python3` first. `memory`: a
 * file that keeps the answer (asking costs most of a CPU-second where shims are on PATH) until the PATH, a folder on
 * it, what a version manager chooses by, or an interpreter changes.
 */
export async function findPythons(searchPath: string, memory?: string): Promise<readonly Python[]> {
  const folders = searchPath.split(':').filter((folder) => folder.startsWith('/'))
  if (memory === undefined) return (await askAll(folders)).map(withoutLibrary)
  const key = await keyOf(folders)
  const known = await recall(memory)
  if (known?.key === key && (await isUnchanged(known.times))) return known.pythons
  const answers = await askAll(folders)
  const times = await timesOf(answers.flatMap(({ path, library }) => [path, library]))
  const pythons = answers.map(withoutLibrary)
  await remember(memory, { format: FORMAT, key, pythons, times })
  return pythons
}

async function remember(memory: string, answer: Remembered): Promise<void> {
  try {
    await mkdir(dirname(memory), { recursive: true, mode: 0o700 })
    await replaceJson(memory, answer)
  } catch {
    // A cache that cannot be written costs the asking each time, and is no reason to have no Python.
  }
}

async function askAll(folders: readonly string[]): Promise<readonly Answer[]> {
  const names = ['python3', ...[14, 13, 12, 11, 10, 9].map((minor) => `python3.${minor}`)]
  const real = await Promise.all(folders.map((folder) => realpath(folder).catch(() => folder)))
  const places = [...new Set(real)]
  const found = await Promise.all(names.flatMap((name) => places.map((folder) => askPython(join(folder, name)))))
  const byBase = new Map<string, Answer>()
  for (const python of found) {
    if (python && atLeast(python.version, 3, 9) && !byBase.has(python.base + python.version)) {
      byBase.set(python.base + python.version, python)
    }
  }
  return [...byBase.values()]
}

async function askPython(path: string): Promise<Answer | undefined> {
  const answer = await ask(path)
  if (!answer?.madeWith) return answer
  const base = await ask(answer.madeWith)
  return base?.madeWith ? undefined : base
}

async function ask(path: string): Promise<Answer | undefined> {
  try {
    await access(path, constants.X_OK)
    const { stdout } = await run(path, ['-I', '-c', question], { timeout: 10_000 })
    return JSON.parse(stdout)
  } catch {
    return undefined // not there, or a shim of a version that is not installed: no Python to count
  }
}

function withoutLibrary({ path, version, base, missing }: Answer): Python {
  return { path, version, base, missing }
}

function atLeast(version: string, major: number, minor: number): boolean {
  const [a = 0, b = 0] = version.split('.').map(Number)
  return a > major || (a === major && b >= minor)
}

async function keyOf(folders: readonly string[]): Promise<string> {
  const managed = folders.filter((folder) => folder.endsWith('/shims'))
  // What pyenv and asdf choose the version behind a shim by.
  const choice = [
    join(homedir(), '.tool-versions'),
    ...['.python-version', '.tool-versions'].map((name) => join(process.cwd(), name)),
  ]
  const choosers = managed.length === 0 ? [] : [...managed.map((folder) => join(dirname(folder), 'version')), ...choice]
  return JSON.stringify([await timesOf([...folders, ...choosers]), process.env.PYENV_VERSION ?? ''])
}

/** In milliseconds; 0 for what is not there. */
async function timesOf(paths: readonly string[]): Promise<Readonly<Record<string, number>>> {
  const entries = paths.map(async (path) => [path, (await stat(path).catch(() => undefined))?.mtimeMs ?? 0] as const)
  return Object.fromEntries(await Promise.all(entries))
}

async function isUnchanged(times: Readonly<Record<string, number>>): Promise<boolean> {
  const now = await timesOf(Object.keys(times))
  return Object.entries(times).every(([path, time]) => time !== 0 && now[path] === time)
}

async function recall(memory: string): Promise<Remembered | undefined> {
  const text = await readJson(memory).catch(() => undefined) // not what we wrote: asked again and written anew
  return isRemembered(text) ? text : undefined
}

function isRemembered(value: unknown): value is Remembered {
  return (
    isObject(value) &&
    value.format === FORMAT &&
    typeof value.key === 'string' &&
    isObject(value.times) &&
    Array.isArray(value.pythons) &&
    value.pythons.every(
      (python) =>
        isObject(python) &&
        [python.path, python.version, python.base].every((part) => typeof part === 'string') &&
        Array.isArray(python.missing),
    )
  )
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}
