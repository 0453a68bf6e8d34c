import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

export const BOTOCORE = '1.44.5'

/** A virtual environment with the signer, made once and kept; undefined where it cannot be had. */
export function botocorePython(): string | undefined {
  const home = join(homedir(), '.cache', 'sagebrush-test', `botocore-${BOTOCORE}`)
  const found = join(home, 'bin', 'python')
  const works = () => {
    try {
      return execFileSync(found, ['-c', 'import botocore; print(botocore.__version__)'], { encoding: 'utf8' }).trim()
    } catch {
      return ''
    }
  }
  if (existsSync(found) && works() === BOTOCORE) return found
  const made = `${home}.${process.pid}`
  try {
    mkdirSync(join(home, '..'), { recursive: true })
    execFileSync('python3', ['-m', 'venv', made], { stdio: 'pipe' })
    execFileSync(join(made, 'bin', 'python'), ['-m', 'pip', 'install', '-q', `botocore==${BOTOCORE}`], {
      stdio: 'pipe',
    })
    rmSync(home, { recursive: true, force: true })
    renameSync(made, home)
    return works() === BOTOCORE ? found : undefined
  } catch {
    rmSync(made, { recursive: true, force: true })
    return undefined
  }
}
