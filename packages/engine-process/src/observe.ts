import type { CollectedOutput, TaskState } from '@sagebrush/core'
import { readJson } from '@sagebrush/task-folder'

/** state.json as supervisors of format 1 write it; times in epoch milliseconds. */
export interface StateFile {
  readonly format: number
  readonly phase: 'staging' | 'running' | 'collecting' | 'failed' | 'ended'
  readonly since?: number
  readonly started?: number
  readonly ended?: number
  readonly address?: { readonly socketPath: string } | null
  readonly message?: string
  readonly fault?: 'user' | 'platform'
  readonly code?: number | null
  readonly signal?: string | null
  readonly outOfMemory?: boolean
  readonly stopped?: boolean
  readonly failure?: string | null
  readonly lastLines?: readonly string[]
  readonly outputs?: readonly CollectedOutput[]
  readonly outputError?: string | null
}

export const STATE_FORMAT = 1

export async function readState(path: string): Promise<StateFile | undefined> {
  const state = (await readJson(path)) as StateFile | undefined
  if (state && state.format > STATE_FORMAT) {
    throw new Error(`${path} has format ${state.format}: it was written by a newer Sagebrush than this one`)
  }
  return state
}

export function isFinal(state: StateFile): boolean {
  return state.phase === 'failed' || state.phase === 'ended'
}

export function stateOf(file: StateFile): TaskState {
  const time = (ms: number | undefined) => new Date(ms ?? 0)
  switch (file.phase) {
    case 'staging':
      return { phase: 'staging', since: time(file.since) }
    case 'running':
      return { phase: 'running', started: time(file.started), ...(file.address && { address: file.address }) }
    case 'collecting':
      return { phase: 'collecting', started: time(file.started), since: time(file.since) }
    case 'failed':
      return {
        phase: 'failed',
        message: file.message ?? '',
        fault: file.fault ?? 'platform',
        ended: time(file.ended),
      }
    case 'ended':
      return {
        phase: 'ended',
        exit: {
          ...(typeof file.code === 'number' && { code: file.code }),
          ...(file.signal && { signal: file.signal }),
          outOfMemory: file.outOfMemory ?? false,
          stopped: file.stopped ?? false,
        },
        ...(typeof file.failure === 'string' && { failure: file.failure }),
        lastLines: file.lastLines ?? [],
        outputs: file.outputs ?? [],
        ...(file.outputError && { outputError: file.outputError }),
        started: time(file.started),
        collectingSince: time(file.since),
        ended: time(file.ended),
      }
  }
}
