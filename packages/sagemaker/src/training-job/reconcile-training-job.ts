import type { Row, Scope, TaskState } from '@sagebrush/core'
import type { Reconciling } from '../reconciling.ts'
import { hintKey } from '../resource-key.ts'
import { forgetTask, stopOnce } from '../stop-once.ts'
import { together } from '../together.ts'
import { finalMetricsOf } from './final-metrics.ts'
import { logTarget } from './job-log.ts'
import { type Outcome, outcomeOf } from './outcome.ts'
import { advance, isOver, startedAt, wentWrong } from './progress.ts'
import { startTasks } from './start-tasks.ts'
import { storeOutputs } from './store-outputs.ts'
import {
  allTaskIds,
  DEFAULT_MAX_RUNTIME_SECONDS,
  finished,
  hasRun,
  isTerminal,
  newAttempt,
  type TrainingJob,
  taskId,
  withTransition,
} from './training-job.ts'

/** Another writer was first: look again at once. */
const AT_ONCE = 0

/**
 * One step of one job from what is observed to what is wanted: load, act, apply. Every effect may be repeated, so the
 * server may die between any two of them. Resolves to the delay after which to look again without a hint.
 */
export async function reconcileTrainingJob(ctx: Reconciling, scope: Scope, name: string): Promise<number | undefined> {
  const row = await ctx.trainingJobs.get(scope, name)
  if (!row || row.value.settled) return undefined
  const job = row.value
  if (isTerminal(job)) return settle(ctx, row)
  claim(ctx, scope, job)

  const seen = await Promise.all(job.hosts.map((host) => ctx.engine.observe(taskId(job.attempt, host.name))))
  const absent = job.hosts.filter((_, index) => seen[index]?.phase === 'absent')
  const now = ctx.now()
  let states: readonly TaskState[] = seen
  if (absent.length > 0 && !job.stop && !hasRun(job)) {
    const refused = await startTasks(ctx, scope, job, absent)
    if (refused === undefined) return ctx.config.pollMs
    states = seen.map((state) => (state.phase === 'absent' ? neverStarted(refused, now) : state))
  }
  const next = withDeadline(advance(job, states, now), states, now)
  if (states.every(isOver)) return conclude(ctx, row, next, states)
  if (job.stop || absent.length > 0 || states.some(wentWrong)) await stopTheRest(ctx, job, states)
  if (next !== job && !(await apply(ctx, row, next))) return AT_ONCE
  for (const host of job.hosts) ctx.copyLines(taskId(job.attempt, host.name))
  if (job.request.CheckpointConfig && states.some(({ phase }) => phase === 'running'))
    ctx.syncCheckpoints(hintKey('training-job', scope, name))
  return untilDeadline(ctx, next, states, now)
}

function claim(ctx: Reconciling, scope: Scope, job: TrainingJob): void {
  for (const host of job.hosts) {
    const id = taskId(job.attempt, host.name)
    ctx.owners.set(id, hintKey('training-job', scope, job.name))
    ctx.pump.open(id, logTarget(scope, job, host.name))
  }
}

async function apply(ctx: Reconciling, row: Row<TrainingJob>, next: TrainingJob): Promise<boolean> {
  const written = await ctx.trainingJobs.update(row.scope, row.name, row.version, next)
  if (written) ctx.hints.publish(hintKey('training-job', row.scope, row.name))
  return written
}

function neverStarted(message: string, now: Date): TaskState {
  return { phase: 'failed', fault: 'user', message, ended: now }
}

async function pumpAll(ctx: Reconciling, job: TrainingJob, states: readonly TaskState[]): Promise<void> {
  const there = job.hosts.filter((_, index) => states[index]?.phase !== 'absent')
  await Promise.all(there.map((host) => ctx.pump.pump(taskId(job.attempt, host.name))))
}

async function stopTheRest(ctx: Reconciling, job: TrainingJob, states: readonly TaskState[]): Promise<void> {
  const alive = job.hosts.filter((_, index) => !isOver(states[index] ?? { phase: 'absent' }))
  await Promise.all(alive.map((host) => stopOnce(ctx, taskId(job.attempt, host.name), ctx.config.trainingStopGraceMs)))
}

function deadline(job: TrainingJob, states: readonly TaskState[]): number | undefined {
  const seconds = job.request.StoppingCondition?.MaxRuntimeInSeconds ?? DEFAULT_MAX_RUNTIME_SECONDS
  const started = startedAt(states)
  return started && started.getTime() + seconds * 1000
}

function withDeadline(job: TrainingJob, states: readonly TaskState[], now: Date): TrainingJob {
  const at = deadline(job, states)
  if (job.stop || at === undefined || now.getTime() < at || !states.some((state) => state.phase === 'running'))
    return job
  return { ...job, modified: now, stop: 'maxRuntime' }
}

function untilDeadline(ctx: Reconciling, job: TrainingJob, states: readonly TaskState[], now: Date): number {
  const at = job.stop ? undefined : deadline(job, states)
  if (at === undefined) return ctx.config.pollMs
  return Math.max(1, Math.min(ctx.config.pollMs, at - now.getTime()))
}

/** All tasks are over: every log line and every artifact is stored before the final status shows. */
async function conclude(
  ctx: Reconciling,
  row: Row<TrainingJob>,
  job: TrainingJob,
  states: readonly TaskState[],
): Promise<number | undefined> {
  await ctx.checkpoints.end(row.scope, row.name)
  const [uploadError] = await together(storeOutputs(ctx, row.scope, job, states), pumpAll(ctx, job, states))
  const outcome = outcomeOf(job, states, uploadError)
  const attempts = job.formerAttempts.length
  if (
    outcome.status === 'Failed' &&
    outcome.retriable &&
    attempts < (job.request.RetryStrategy?.MaximumRetryAttempts ?? 0)
  ) {
    await apply(ctx, row, restarted(job, ctx.now()))
    return AT_ONCE
  }
  const finalMetrics = await finalMetricsOf(ctx, row.scope, job)
  const done = { ...finished(job, statusOf(outcome), ctx.now()), ...(finalMetrics ? { finalMetrics } : {}) }
  if (!(await apply(ctx, row, done))) return AT_ONCE
  return settle(ctx, { ...row, version: row.version + 1, value: done })
}

function statusOf(outcome: Outcome) {
  if (outcome.status !== 'Failed') return { status: outcome.status }
  return { status: outcome.status, failureReason: outcome.failureReason }
}

function restarted(job: TrainingJob, now: Date): TrainingJob {
  const next = withTransition(job, 'Restarting', now)
  return { ...next, attempt: newAttempt(), formerAttempts: [...job.formerAttempts, job.attempt] }
}

/** Removes what the engine still holds; the row says so last. */
async function settle(ctx: Reconciling, row: Row<TrainingJob>): Promise<number | undefined> {
  const job = row.value
  const ids = allTaskIds(job)
  // Nobody owns them any more: the hints of their removal lead nowhere.
  for (const id of ids) forgetTask(ctx, id)
  await Promise.all(ids.map((id) => ctx.engine.remove(id)))
  const written = await ctx.trainingJobs.update(row.scope, row.name, row.version, { ...job, settled: true })
  return written ? undefined : AT_ONCE
}
