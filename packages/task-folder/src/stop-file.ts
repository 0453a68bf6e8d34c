import { join } from 'node:path'
import { readJson, replaceJson } from './json-file.ts'

/** `stop.json`: that a task is to end. */
export interface StopFile {
  /** From SIGTERM to SIGKILL. */
  readonly graceMs: number
  /** Epoch milliseconds. */
  readonly asked: number
}

/** Writes the wish down. A later, shorter grace counts; a longer one changes nothing. */
export async function recordStop(root: string, id: string, graceMs: number): Promise<StopFile> {
  const known = await readStop(root, id)
  if (known && graceMs >= known.graceMs) return known
  const stop = { graceMs, asked: Date.now() }
  await replaceJson(join(root, id, 'stop.json'), stop)
  return stop
}

export async function readStop(root: string, id: string): Promise<StopFile | undefined> {
  return (await readJson(join(root, id, 'stop.json'))) as StopFile | undefined
}
