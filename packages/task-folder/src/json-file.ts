import { readFile, rename, writeFile } from 'node:fs/promises'

export function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code))
}

/** The value, or undefined where the file is not there. */
export async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'))
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return undefined
    throw error
  }
}

let written = 0

/** Whole or not at all. */
export async function replaceJson(path: string, value: unknown): Promise<void> {
  const beside = `${path}.${process.pid}-${written++}`
  await writeFile(beside, JSON.stringify(value), { mode: 0o600 })
  await rename(beside, path)
}
