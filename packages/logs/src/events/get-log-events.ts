import { type LogRead, LogStreamMissing } from '@sagebrush/core'
import { operation } from '../context.ts'
import { noSuchStream } from '../errors.ts'
import { findGroup, groupNameOf, retainedSince } from '../log-group/find-group.ts'
import { type EventPlace, readEventToken, writeEventToken } from './event-token.ts'
import { latest } from './latest.ts'

const MOST_EVENTS = 10_000
const MOST_BYTES = 1_048_576

/**
 * Both tokens are always there, and stay the same where nothing follows: a client that reads on with them gets what
 * is new, and nothing twice. Without a token the newest events come, or the oldest with `startFromHead`.
 */
export const GetLogEvents = operation('GetLogEvents', async (input, ctx) => {
  const group = await findGroup(ctx, groupNameOf(ctx.caller, input))
  const stream = await ctx.logStore.getStream(ctx.caller, group.name, input.logStreamName)
  if (!stream) throw noSuchStream()
  const begin: EventPlace = input.startFromHead
    ? { direction: 'forward', sequence: 0 }
    : { direction: 'backward', sequence: stream.events }
  const place = input.nextToken === undefined ? begin : readEventToken(input.nextToken)
  const startTime = latest(
    input.startTime === undefined ? undefined : new Date(input.startTime),
    retainedSince(group, ctx.now()),
  )
  const query: LogRead = {
    from: place.sequence,
    direction: place.direction,
    limit: input.limit ?? MOST_EVENTS,
    maxBytes: MOST_BYTES,
    ...(startTime ? { startTime } : {}),
    ...(input.endTime === undefined ? {} : { endTime: new Date(input.endTime) }),
  }
  const page = await ctx.logStore.read(ctx.caller, group.name, stream.name, query).catch((error: unknown) => {
    throw error instanceof LogStreamMissing ? noSuchStream() : error
  })
  return {
    events: page.events.map((event) => ({
      timestamp: event.timestamp.getTime(),
      message: event.message,
      ingestionTime: event.ingested.getTime(),
    })),
    nextForwardToken: writeEventToken({ direction: 'forward', sequence: page.next }),
    nextBackwardToken: writeEventToken({ direction: 'backward', sequence: page.previous }),
  }
})
