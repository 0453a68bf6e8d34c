import { randomBytes } from 'node:crypto'
import { chmodSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export function makePrivateFolder(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  chmodSync(folder, 0o700)
}

export function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

/** Writes a file whole or not at all, over whatever is there. */
export function replaceFile(path: string, content: string, mode: number): void {
  const aside = `${path}.${randomBytes(6).toString('hex')}`
  writeFileSync(aside, content, { mode, flag: 'wx' })
  renameSync(aside, path)
}

/** The file's content; where there is no file yet, one of ours alone (0600), and of two makers the first wins. */
export function readOrMake(folder: string, name: string, make: () => string): string {
  const path = join(folder, name)
  const known = readIfThere(path)
  if (known !== undefined) return known
  const aside = `${path}.${randomBytes(6).toString('hex')}`
  writeFileSync(aside, make(), { mode: 0o600, flag: 'wx' })
  try {
    linkSync(aside, path)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  } finally {
    rmSync(aside)
  }
  return readFileSync(path, 'utf8')
}
