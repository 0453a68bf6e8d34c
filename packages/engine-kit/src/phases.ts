import type { TaskState } from '@sagebrush/core'

export function isFinal(state: TaskState): boolean {
  return state.phase === 'ended' || state.phase === 'failed'
}
