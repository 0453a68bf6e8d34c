import type { TaskState } from '@sagebrush/core'
import { secondaryStatus, type TrainingJob, withTransition } from './training-job.ts'

type Phase = TaskState['phase']
type Seen<P extends Phase> = Extract<TaskState, { phase: P }>

const RANK: Readonly<Record<Phase, number>> = {
  absent: 0,
  preparing: 0,
  staging: 1,
  running: 2,
  collecting: 3,
  ended: 3,
  failed: Number.POSITIVE_INFINITY,
}

/** True where nothing more will come of the task. */
export function isOver(state: TaskState): state is Seen<'ended'> | Seen<'failed'> | Seen<'absent'> {
  return state.phase === 'ended' || state.phase === 'failed' || state.phase === 'absent'
}

/** True for a task that did not end well. One such host ends the whole job. */
export function wentWrong(state: TaskState): state is Seen<'ended'> | Seen<'failed'> {
  return state.phase === 'failed' || (state.phase === 'ended' && state.exit.code !== 0)
}

/**
 * The job with the secondary statuses that its tasks have reached: as far as its slowest host. What went by between
 * two looks is filled in, so that the history is always whole: Starting, Downloading, Training, Uploading.
 */
export function advance(job: TrainingJob, states: readonly TaskState[], now: Date): TrainingJob {
  const rank = Math.min(...states.map((state) => RANK[state.phase]))
  if (!Number.isFinite(rank)) return job
  if (rank === 0) return withPreparing(job, states, now)
  const reached = reachedRank(job)
  if (job.stop === 'user' && reached < 2) return withLeftovers(job, states, now)
  let next = job
  if (reached < 1) {
    next = withTransition(next, 'Downloading', stagingSince(states) ?? now)
    next = { ...next, trainingStart: next.modified }
  }
  const held = states.find((state) => state.phase === 'staging')?.message
  if (rank === 1 && secondaryStatus(next) === 'Downloading') next = withTransition(next, 'Downloading', now, held)
  if (rank >= 2 && reached < 2) next = withTransition(next, 'Training', startedAt(states) ?? now)
  if (rank >= 3 && reached < 3) next = withTransition(next, 'Uploading', collectingSince(states) ?? now)
  return next
}

/** When the last host's command began; undefined before that. */
export function startedAt(states: readonly TaskState[]): Date | undefined {
  return latest(states.flatMap((state) => ('started' in state ? [state.started] : [])))
}

/**
 * A job that was stopped before it was seen to run begins nothing any more, and its time does not begin; unless one of
 * its tasks did run, and has made something.
 */
function withLeftovers(job: TrainingJob, states: readonly TaskState[], now: Date): TrainingJob {
  if (!states.some((state) => state.phase === 'ended' && state.outputs.length > 0)) return job
  const next = withTransition(job, 'Uploading', collectingSince(states) ?? now)
  return { ...next, trainingStart: job.trainingStart ?? startedAt(states) ?? now }
}

function reachedRank(job: TrainingJob): number {
  const restart = job.transitions.findLastIndex(({ status }) => status === 'Restarting')
  const seen = job.transitions.slice(restart + 1).map(({ status }) => status)
  if (seen.includes('Uploading')) return 3
  if (seen.includes('Training')) return 2
  return seen.includes('Downloading') ? 1 : 0
}

function withPreparing(job: TrainingJob, states: readonly TaskState[], now: Date): TrainingJob {
  const preparing = states.flatMap((state) => (state.phase === 'preparing' && state.message !== '' ? [state] : []))[0]
  const status = secondaryStatus(job)
  if (!preparing || (status !== 'Starting' && status !== 'Restarting')) return job
  return withTransition(job, status, now, preparing.message)
}

function stagingSince(states: readonly TaskState[]): Date | undefined {
  const since = states.flatMap((state) => (state.phase === 'staging' ? [state.since] : []))
  return since.reduce<Date | undefined>((first, date) => (first && first <= date ? first : date), undefined)
}

function collectingSince(states: readonly TaskState[]): Date | undefined {
  return latest(
    states.flatMap((state) => {
      if (state.phase === 'collecting') return [state.since]
      return state.phase === 'ended' ? [state.collectingSince] : []
    }),
  )
}

function latest(dates: readonly Date[]): Date | undefined {
  return dates.reduce<Date | undefined>((last, date) => (last && last >= date ? last : date), undefined)
}
