import { randomBytes } from 'node:crypto'
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isTaskPath, type TaskSpec } from '@sagebrush/core'
import { hasCode, readJson } from './json-file.ts'

const SPEC_FORMAT = 1

export interface SpecFile {
  readonly format: number
  readonly spec: TaskSpec
  /** Epoch milliseconds. */
  readonly created: number
}

/** A task id; anything else could name a path outside of the root. */
export function isTaskId(id: string): boolean {
  return /^[a-z0-9-]{1,63}$/.test(id)
}

/** The ids of the tasks below `root`, sorted. */
export async function taskIds(root: string): Promise<readonly string[]> {
  return (await readdir(root)).filter(isTaskId).sort()
}

/** Writes the task down as `root/<id>/spec.json`, whole or not at all. False where the id is known already. */
export async function writeSpec(root: string, spec: TaskSpec): Promise<boolean> {
  if (!isTaskId(spec.id)) throw new TypeError(`not a task id: ${spec.id}`)
  for (const { path } of [...spec.files, ...spec.inputs, ...spec.outputs]) {
    if (!isTaskPath(path)) throw new TypeError(`not a path of a task: ${path}`)
  }
  const fresh = join(root, `.new-${randomBytes(8).toString('hex')}`)
  await mkdir(fresh, { mode: 0o700 })
  try {
    const file: SpecFile = { format: SPEC_FORMAT, spec, created: Date.now() }
    await writeFile(join(fresh, 'spec.json'), JSON.stringify(file), { mode: 0o600 })
    await rename(fresh, join(root, spec.id))
    return true
  } catch (error) {
    await rm(fresh, { recursive: true, force: true })
    if (hasCode(error, 'ENOTEMPTY', 'EEXIST')) return false
    throw error
  }
}

/** Undefined where there is no such task. Throws for one that a newer version wrote. */
export async function readSpec(root: string, id: string): Promise<SpecFile | undefined> {
  const file = (await readJson(join(root, id, 'spec.json'))) as SpecFile | undefined
  if (file && file.format > SPEC_FORMAT) {
    throw new Error(`the task was written by a newer Sagebrush (format ${file.format})`)
  }
  return file
}
