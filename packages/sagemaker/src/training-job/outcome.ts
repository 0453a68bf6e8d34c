import { constants } from 'node:os'
import type { TaskExit, TaskState } from '@sagebrush/core'
import { beginning, lastWhole, REASON_CHARACTERS } from '../failure-reason.ts'
import { wentWrong } from './progress.ts'
import type { TrainingJob } from './training-job.ts'

export type Outcome =
  | { readonly status: 'Completed' | 'Stopped' }
  | { readonly status: 'Failed'; readonly failureReason: string; readonly retriable: boolean }

/**
 * What has become of a job whose tasks are all over. `uploadError` says why artifacts could not be stored. The first
 * host that failed decides; a host that was only stopped because another failed does not.
 */
export function outcomeOf(job: TrainingJob, states: readonly TaskState[], uploadError: string | undefined): Outcome {
  if (job.stop !== 'user' && states.some((state) => state.phase === 'absent')) {
    return failed('InternalServerError: The task is no longer there: the machine or its engine lost it.', true)
  }
  const first = firstFailure(states)
  if (first?.phase === 'failed' && job.stop === undefined) {
    const ours = first.fault === 'platform'
    return failed(`${ours ? 'InternalServerError' : 'ClientError'}: ${first.message}`, ours)
  }
  if (job.stop === undefined && first?.phase === 'ended' && first.interruption !== undefined)
    return failed(`InternalServerError: ${first.interruption}`, true)
  if (job.stop === undefined && first?.phase === 'ended') return failed(algorithmError(first), false)
  if (uploadError !== undefined) return failed(uploadFailure(uploadError, states), false)
  if (job.stop === 'user') return { status: 'Stopped' }
  // A job that ended by itself in the moment in which its time ran out has not exceeded it.
  const interrupted = states.some((state) => state.phase === 'ended' && state.exit.stopped)
  return { status: job.stop === 'maxRuntime' && (interrupted || first) ? 'Stopped' : 'Completed' }
}

function failed(reason: string, retriable: boolean): Outcome {
  return { status: 'Failed', failureReason: beginning(reason, REASON_CHARACTERS), retriable }
}

function firstFailure(states: readonly TaskState[]) {
  return states
    .filter(wentWrong)
    .sort((a, b) => Number(wasStopped(a)) - Number(wasStopped(b)) || a.ended.getTime() - b.ended.getTime())[0]
}

function wasStopped(state: TaskState): boolean {
  return state.phase === 'ended' && state.exit.stopped
}

/**
 * AWS's form. The text is what the container wrote to /opt/ml/output/failure, and where there is room its last lines
 * too, for what drivers write there ("exit status 1") seldom says what went wrong. Of lines it is the end that counts,
 * where the error is; the exit code always fits.
 */
function algorithmError(state: Extract<TaskState, { phase: 'ended' }>): string {
  const { exit, failure, lastLines } = state
  const code = `, exit code: ${exitCode(exit)}${exit.outOfMemory ? ' (out of memory)' : ''}`
  const prefix = 'AlgorithmError: '
  const room = REASON_CHARACTERS - prefix.length - code.length
  const written = beginning(failure?.trim() ?? '', room)
  const unsaid = holdsAll(written) ? [] : lastLines.filter((line) => isNews(line, written))
  const lines = written === '' ? lastWhole(unsaid, room) : fitting(unsaid, room - written.length - 1)
  return `${prefix}${[written, lines].filter(Boolean).join('\n') || 'See the job logs'}${code}`
}

/** The toolkit's form of a program's failure, which has the program's last words in it. */
function holdsAll(written: string): boolean {
  return /^\w+:\nExitCode /.test(written) && /\nCommand ".*"$/s.test(written)
}

/** Behind other words, half a line would only confuse. */
function fitting(lines: readonly string[], room: number): string {
  return (lines.at(-1)?.length ?? 0) > room ? '' : lastWhole(lines, room)
}

/** The toolkit's own lines only say that it writes the failure down. */
function isNews(line: string, written: string): boolean {
  return (
    line.trim() !== '' && !written.includes(line.trim()) && !(written !== '' && / sagebrush-toolkit [A-Z]+ /.test(line))
  )
}

/** Why the outputs could not be stored, and the last lines, as far as there is room. */
function uploadFailure(uploadError: string, states: readonly TaskState[]): string {
  const reason = `ClientError: Artifact upload failed: ${uploadError}`
  const lines = states.flatMap((state) => (state.phase === 'ended' ? state.lastLines : []))
  const told = fitting(lines, REASON_CHARACTERS - reason.length - 1)
  return told === '' ? reason : `${reason}\n${told}`
}

/** A signal counts as a shell counts it: 128 and its number. */
function exitCode(exit: TaskExit): number {
  if (exit.code !== undefined) return exit.code
  const signals: Readonly<Record<string, number | undefined>> = constants.signals
  return 128 + (signals[exit.signal ?? 'SIGKILL'] ?? constants.signals.SIGKILL)
}
