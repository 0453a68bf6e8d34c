import { constants } from 'node:fs'
import { open, readFile, rename, writeFile } from 'node:fs/promises'

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

/**
 * Writes a byte to a supervisor's pipe: it looks for a stop request. False where nobody reads it: the supervisor is
 * dead or has not begun. This, and not a process id, tells the living from the dead: Node has no flock.
 */
export async function pokeSupervisor(control: string): Promise<boolean> {
  return await withPipe(control, async (pipe) => {
    await pipe.write('!')
  })
}

export async function isSupervised(control: string): Promise<boolean> {
  return await withPipe(control, async () => {})
}

async function withPipe(
  control: string,
  use: (pipe: { write(text: string): Promise<unknown> }) => Promise<void>,
): Promise<boolean> {
  try {
    const pipe = await open(control, constants.O_WRONLY | constants.O_NONBLOCK)
    try {
      await use(pipe)
    } finally {
      await pipe.close()
    }
    return true
  } catch (error) {
    if (hasCode(error, 'EAGAIN')) return true // full of earlier bytes: it will look
    if (hasCode(error, 'ENXIO', 'ENOENT', 'ENOTDIR', 'EPIPE')) return false
    throw error
  }
}
