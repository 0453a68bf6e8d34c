import type { TaskState } from '@sagebrush/core'
import { expect, test } from 'vitest'
import { jobRequest } from '../testing/jobs.ts'
import { caller } from '../testing/world.ts'
import { outcomeOf } from './outcome.ts'
import { newTrainingJob } from './training-job.ts'

const image = { kind: 'managed', name: 'scikit-learn', version: '1.2', reason: '' } as const
const job = newTrainingJob(caller, jobRequest('job', {}), new Date(), { image, roleCreated: false })

function reason(more: Partial<Extract<TaskState, { phase: 'ended' }>>, uploadError?: string): string | undefined {
  const now = new Date()
  const state = {
    phase: 'ended',
    exit: { code: 1, outOfMemory: false, stopped: false },
    lastLines: [],
    outputs: [],
    started: now,
    collectingSince: now,
    ended: now,
    ...more,
  } as const
  const outcome = outcomeOf(job, [state], uploadError)
  return outcome.status === 'Failed' ? outcome.failureReason : undefined
}

test('the failure file comes first, and then the last lines that it does not hold', () => {
  const lastLines = ['Traceback', 'ValueError: no such column: sepal', 'exit status 1']
  expect(reason({ failure: 'Command failed with exit status 1', lastLines })).toBe(
    'AlgorithmError: Command failed with exit status 1\nTraceback\nValueError: no such column: sepal, exit code: 1',
  )
  expect(reason({ failure: 'a\nTraceback\nValueError: no such column: sepal\nexit status 1', lastLines })).toBe(
    'AlgorithmError: a\nTraceback\nValueError: no such column: sepal\nexit status 1, exit code: 1',
  )
})

test('what the toolkit says of itself is no news', () => {
  const lastLines = ['2026-11-26 00:21:14,212 sagebrush-toolkit ERROR Reporting training FAILURE']
  expect(reason({ failure: 'entry point train.py is not there', lastLines })).toBe(
    'AlgorithmError: entry point train.py is not there, exit code: 1',
  )
})

test('both are cut so that the reason holds 1,024 characters, the end of the lines and the exit code', () => {
  const full = reason({ failure: 'f'.repeat(2000), lastLines: ['lost'] }) ?? ''
  expect([full.length, full.endsWith('f, exit code: 1')]).toEqual([1024, true])
  const lines = reason({ failure: 'f'.repeat(900), lastLines: ['x'.repeat(500), 'cause', 'the error'] }) ?? ''
  expect(lines.slice(900)).toBe(`${'f'.repeat(16)}\ncause\nthe error, exit code: 1`)
  expect(reason({ failure: 'f'.repeat(985), lastLines: ['longer than what is left'] })).toMatch(/f, exit code: 1$/)
  expect(reason({})).toBe('AlgorithmError: See the job logs, exit code: 1')
})

test('nothing stands behind what the toolkit says of a failed program, which holds its last words', () => {
  const failure = 'ExecuteUserScriptError:\nExitCode 1\nErrorMessage "ValueError: diverged"\nCommand "python3 train.py"'
  expect(reason({ failure, lastLines: ['epoch 1 loss 0.5'] })).toBe(`AlgorithmError: ${failure}, exit code: 1`)
})

test('no character is cut in half', () => {
  for (const shift of ['', 'a']) {
    const written = reason({ failure: shift + '😀'.repeat(900) })
    const printed = reason({ lastLines: [`${'😀'.repeat(1500)}${shift}`] })
    expect([written?.isWellFormed(), printed?.isWellFormed()]).toEqual([true, true])
    expect(Math.min(written?.length ?? 0, printed?.length ?? 0)).toBeGreaterThanOrEqual(1023)
  }
})

test('outputs that could not be stored fail a job that ended well, and its last lines are told too', () => {
  const ended = { exit: { code: 0, outOfMemory: false, stopped: false }, lastLines: ['epoch 9', 'my last words'] }
  expect(reason(ended, 'No space left on device')).toBe(
    'ClientError: Artifact upload failed: No space left on device\nepoch 9\nmy last words',
  )
  expect(reason(ended, 'x'.repeat(2000))?.length).toBe(1024)
})

test('what its engine ended is the platform’s failure, to be tried again, in the engine’s words', () => {
  const now = new Date()
  const times = { started: now, collectingSince: now, ended: now }
  const exit = { signal: 'SIGPWR', outOfMemory: false, stopped: false }
  const state = { phase: 'ended', exit, lastLines: ['half'], outputs: [], ...times } as const
  const interruption = 'The engine was restarted.'
  const failed = { status: 'Failed', failureReason: `InternalServerError: ${interruption}`, retriable: true }
  expect(outcomeOf(job, [{ ...state, interruption }], undefined)).toEqual(failed)
  expect(outcomeOf(job, [state], undefined)).toMatchObject({ failureReason: 'AlgorithmError: half, exit code: 158' })
})

test('a host that fails when the time is over, before its stop, is stopped with the others', () => {
  const now = new Date()
  const times = { started: now, collectingSince: now, ended: now }
  const state = { phase: 'ended', lastLines: [], outputs: [], ...times } as const
  const late = { ...job, stop: 'maxRuntime' } as const
  const ended = (code: number) => ({ ...state, exit: { code, outOfMemory: false, stopped: false } })
  expect(outcomeOf(late, [ended(1), ended(0)], undefined)).toEqual({ status: 'Stopped' })
  expect(outcomeOf(late, [ended(0), ended(0)], undefined)).toEqual({ status: 'Completed' })
})

test('a lost task fails a job, to be tried again, but one that its user has stopped is stopped', () => {
  const lost: TaskState[] = [{ phase: 'absent' }]
  expect(outcomeOf(job, lost, undefined)).toEqual({
    status: 'Failed',
    failureReason: 'InternalServerError: The task is no longer there: the machine or its engine lost it.',
    retriable: true,
  })
  expect(outcomeOf({ ...job, stop: 'maxRuntime' }, lost, undefined)).toMatchObject({
    status: 'Failed',
    retriable: true,
  })
  expect(outcomeOf({ ...job, stop: 'user' }, lost, undefined)).toEqual({ status: 'Stopped' })
})
