import type { CollectedOutput, TaskState } from '@sagebrush/core'
import { readJson } from '@sagebrush/task-folder'

export const STATE_FORMAT = 1

/** `state.json`: the last state of a task, once its container says no more. Times in epoch milliseconds. */
export interface StateFile {
  readonly format: number
  readonly phase: 'failed' | 'ended'
  readonly message?: string
  readonly fault?: 'user' | 'platform'
  readonly code?: number
  readonly signal?: string
  readonly outOfMemory?: boolean
  readonly stopped?: boolean
  readonly interruption?: string
  readonly failure?: string
  readonly lastLines?: readonly string[]
  readonly outputs?: readonly CollectedOutput[]
  readonly outputError?: string
  readonly started?: number
  readonly since?: number
  readonly ended: number
}

/** Throws for a file that a newer version wrote. */
export async function readState(path: string): Promise<TaskState | undefined> {
  const file = (await readJson(path)) as StateFile | undefined
  if (!file) return undefined
  if (file.format > STATE_FORMAT) throw new Error(`${path} was written by a newer Sagebrush (format ${file.format})`)
  const ended = new Date(file.ended)
  if (file.phase === 'failed') {
    return { phase: 'failed', message: file.message ?? '', fault: file.fault ?? 'platform', ended }
  }
  const { code, signal, outOfMemory = false, stopped = false, interruption, failure, outputError } = file
  return {
    phase: 'ended',
    exit: {
      ...(code === undefined ? {} : { code }),
      ...(signal === undefined ? {} : { signal }),
      ...{ outOfMemory, stopped },
    },
    ...(interruption === undefined ? {} : { interruption }),
    ...(failure === undefined ? {} : { failure }),
    lastLines: file.lastLines ?? [],
    outputs: file.outputs ?? [],
    ...(outputError === undefined ? {} : { outputError }),
    started: new Date(file.started ?? file.ended),
    collectingSince: new Date(file.since ?? file.ended),
    ended,
  }
}
