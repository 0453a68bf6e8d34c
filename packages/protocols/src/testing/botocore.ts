import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

export const BOTOCORE_VERSION = '1.44.5'
/** A virtual environment with the signer, made once and kept; undefined where it cannot be had. */
export function botocorePython(): string | undefined {
  const home = join(homedir(), '.cache', 'sagebrush-test', `botocore-${BOTOCORE_VERSION}`)
  const found = join(home, 'bin', 'python')
  const works = () => {
    try {
      return execFileSync(found, ['-c', 'import botocore; print(botocore.__version__)'], { encoding: 'utf8' }).trim()
    } catch {
      return ''
    }
  }
  if (existsSync(found) && works() === BOTOCORE_VERSION) return found
  const made = `${home}.${process.pid}`
  try {
    mkdirSync(join(home, '..'), { recursive: true })
    execFileSync('python3', ['-m', 'venv', made], { stdio: 'pipe' })
    execFileSync(join(made, 'bin', 'python'), ['-m', 'pip', 'install', '-q', `botocore==${BOTOCORE_VERSION}`], {
      stdio: 'pipe',
    })
    // Another test file may have been quicker.
    if (works() !== BOTOCORE_VERSION) {
      rmSync(home, { recursive: true, force: true })
      renameSync(made, home)
    } else rmSync(made, { recursive: true, force: true })
    return works() === BOTOCORE_VERSION ? found : undefined
  } catch {
    rmSync(made, { recursive: true, force: true })
    return undefined
  }
}

/** For a suite's title: why it was skipped, and what mends it. */
export function botocoreTitle(python: string | undefined): string {
  return python
    ? `botocore ${BOTOCORE_VERSION}`
    : `botocore ${BOTOCORE_VERSION} (GAP: needs python3 with venv, and pip that reaches a package index)`
}
