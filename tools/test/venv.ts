import { execFile, execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { withLock } from '../set-up/lock.mjs'
import { progress } from '../set-up/progress.mjs'

export const venvNames = ['botocore', 'pytest', 'sagemaker-sdk', 'sagemaker-sdk-3'] as const
export type VenvName = (typeof venvNames)[number]

const run = promisify(execFile)

/**
 * The Python of a virtual environment with the pinned packages of `venvs/<name>.txt`. It is made where it is absent
 * (seconds to a minute, from PyPI), by one process while others wait, and kept in the user's cache folder.
 */
export function testVenv(name: VenvName): Promise<string> {
  return requirementsVenv(name, namedRequirements(name))
}

export function isVenvBuilt(name: VenvName): boolean {
  return isRequirementsVenvBuilt(name, namedRequirements(name))
}

/** The same for any requirements file; `name` is for people. */
export async function requirementsVenv(name: string, requirements: string): Promise<string> {
  const folder = venvFolder(name, requirements)
  if (!isComplete(folder)) {
    mkdirSync(cacheFolder(), { recursive: true })
    const waiting = () => console.error(`Another process makes the Python environment ${name}; waiting for it.`)
    const makeUnlessThere = async () => {
      if (!isComplete(folder)) await make(name, requirements, folder)
    }
    await withLock(`${folder}.lock`, makeUnlessThere, waiting)
  }
  return join(folder, 'bin', 'python')
}

export function isRequirementsVenvBuilt(name: string, requirements: string): boolean {
  return isComplete(venvFolder(name, requirements))
}

function cacheFolder(): string {
  const given = process.env.SAGEBRUSH_TEST_CACHE
  if (given) return given
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'sagebrush-test')
}

/** Named by all that goes into it, so that a change of a pin or of the machine's Python makes a new one. */
function venvFolder(name: string, requirements: string): string {
  const hash = createHash('sha256').update(readFileSync(requirements)).update(basePython()).digest('hex')
  return join(cacheFolder(), `${name}-${hash.slice(0, 12)}`)
}

function namedRequirements(name: VenvName): string {
  return fileURLToPath(new URL(`venvs/${name}.txt`, import.meta.url))
}

let python: string | undefined
function basePython(): string {
  const code = 'import os, sys; print(os.path.realpath(sys.executable), sys.version)'
  python ??= execFileSync('python3', ['-c', code], { encoding: 'utf8' })
  return python
}

function isComplete(folder: string): boolean {
  return existsSync(join(folder, 'complete'))
}

async function make(name: string, requirements: string, folder: string): Promise<void> {
  const report = progress(`Making the Python environment ${name} (once)`)
  try {
    rmSync(folder, { recursive: true, force: true })
    await run('python3', ['-m', 'venv', folder])
    // Python compiles what is imported, which is a small part: pip would compile everything, for up to a minute.
    const install = ['-m', 'pip', 'install', '--quiet', '--no-input', '--disable-pip-version-check', '--no-compile']
    const list = ['-r', requirements]
    await run(join(folder, 'bin', 'python'), [...install, ...list], { maxBuffer: 64 << 20 })
    // Last: a folder without it is one whose making was interrupted.
    writeFileSync(join(folder, 'complete'), '')
  } catch (error) {
    const words = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : ''
    throw new Error(`Cannot make the Python environment ${name} in ${folder}: ${words || error}`, { cause: error })
  } finally {
    report.end()
  }
}
