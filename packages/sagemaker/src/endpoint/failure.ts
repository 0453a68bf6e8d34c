import type { Row, TaskState } from '@sagebrush/core'
import { beginning, lastWhole, REASON_CHARACTERS } from '../failure-reason.ts'
import {
  type Deployment,
  type Endpoint,
  endpointLogGroup,
  type Instance,
  logStreamOf,
  type Variant,
} from './endpoint.ts'
import type { EndpointReconciling, Observed } from './reconciling.ts'
import { hasDied, isLate } from './variants.ts'

const LAST_LINES = 20

/**
 * Why a deployment cannot come into service: the first instance that ended before it was healthy, or was not healthy
 * in its time. AWS's sentence, then what its readers always have to look for: which log, and the last lines of it.
 */
export async function failedInstance(
  ctx: EndpointReconciling,
  row: Row<Endpoint>,
  deployment: Deployment,
  observed: Observed,
): Promise<string | undefined> {
  for (const variant of deployment.variants) {
    for (const instance of variant.instances) {
      const state = observed.get(instance.taskId) ?? { phase: 'absent' }
      if (!hasDied(instance, state) && !isLate(ctx, variant, instance, state)) continue
      const sentence = await describe(ctx, row, variant, instance, state)
      // What never ran has printed nothing, and its init process what the sentence tells better.
      const neverRan = state.phase === 'failed' && state.fault === 'user'
      return reason(sentence, neverRan ? [] : await lastLines(ctx, row, variant, instance, state))
    }
  }
  return undefined
}

async function describe(
  ctx: EndpointReconciling,
  row: Row<Endpoint>,
  variant: Variant,
  instance: Instance,
  state: TaskState,
): Promise<string> {
  if (state.phase === 'failed') {
    return `The primary container for production variant ${variant.name} could not be started: ${state.message}`
  }
  const log = `${endpointLogGroup(row.name)}, stream ${logStreamOf(variant, instance)}`
  const ended = state.phase === 'ended' ? ` ${endOf(state)}` : ''
  const late =
    state.phase === 'running'
      ? ` It had ${(variant.startupTimeoutMs ?? ctx.config.startupHealthCheckMs) / 1000} s.`
      : ''
  return `The primary container for production variant ${variant.name} did not pass the ping health check. Please check CloudWatch logs for this endpoint (${log}).${ended}${late}`
}

function endOf({ exit, interruption }: Extract<TaskState, { phase: 'ended' }>): string {
  if (interruption !== undefined) return interruption
  return `It ended with ${exit.code === undefined ? `signal ${exit.signal}` : `exit code ${exit.code}`}.`
}

async function lastLines(
  ctx: EndpointReconciling,
  row: Row<Endpoint>,
  variant: Variant,
  instance: Instance,
  state: TaskState,
): Promise<readonly string[]> {
  // One that still runs may print for ever: what is stored by now will do.
  if (state.phase !== 'running') await ctx.pump.pump(instance.taskId)
  const group = endpointLogGroup(row.name)
  const stream = logStreamOf(variant, instance)
  const found = await ctx.logs.getStream(row.scope, group, stream)
  if (!found) return []
  const { events } = await ctx.logs.read(row.scope, group, stream, {
    from: found.events,
    direction: 'backward',
    limit: LAST_LINES,
    maxBytes: 16 * REASON_CHARACTERS,
  })
  return events.map(({ message }) => message)
}

function reason(sentence: string, lines: readonly string[]): string {
  const told = lastWhole(lines, REASON_CHARACTERS - sentence.length - 1)
  return told === '' ? beginning(sentence, REASON_CHARACTERS) : `${sentence}\n${told}`
}
