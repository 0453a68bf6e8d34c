import type { InputLogEvent, RejectedLogEventsInfo } from '@sagebrush/contract/logs'
import { LogStreamMissing } from '@sagebrush/core'
import { operation } from '../context.ts'
import { invalidParameter, noSuchStream } from '../errors.ts'
import { findGroup, retainedSince } from '../log-group/find-group.ts'
import { sequenceToken } from './sequence-token.ts'

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html */
const MOST_BYTES = 1_048_576
const BYTES_PER_EVENT = 26
const DAY_MS = 86_400_000
const OLDEST_MS = 14 * DAY_MS
const NEWEST_MS = 2 * 3_600_000

export const PutLogEvents = operation('PutLogEvents', async (input, ctx) => {
  const group = await findGroup(ctx, input.logGroupName)
  const { logEvents } = input
  checkBatch(logEvents)
  const now = ctx.now()
  const rejected = rejectedOf(logEvents, now, retainedSince(group, now))
  const from = Math.max(rejected.tooOldLogEventEndIndex ?? 0, rejected.expiredLogEventEndIndex ?? 0)
  const taken = logEvents.slice(from, rejected.tooNewLogEventStartIndex)
  checkSpan(taken)
  try {
    await ctx.logStore.append(
      ctx.caller,
      group.name,
      input.logStreamName,
      taken.map(({ timestamp, message }) => ({ timestamp: new Date(timestamp), message })),
    )
  } catch (error) {
    throw error instanceof LogStreamMissing ? noSuchStream() : error
  }
  const stream = await ctx.logStore.getStream(ctx.caller, group.name, input.logStreamName)
  return {
    nextSequenceToken: sequenceToken(stream?.events ?? 0),
    ...(Object.keys(rejected).length === 0 ? {} : { rejectedLogEventsInfo: rejected }),
    // Entities link logs with metrics and traces, which are not kept here.
    ...(input.entity === undefined ? {} : { rejectedEntityInfo: { errorType: 'UnsupportedLogGroupType' as const } }),
  }
})

function checkBatch(events: readonly InputLogEvent[]): void {
  const bytes = events.reduce((sum, { message }) => sum + Buffer.byteLength(message) + BYTES_PER_EVENT, 0)
  if (bytes > MOST_BYTES) {
    throw invalidParameter(`Upload too large: ${bytes} bytes exceeds limit of ${MOST_BYTES}`)
  }
  if (events.some(({ timestamp }, at) => timestamp < (events[at - 1]?.timestamp ?? timestamp))) {
    throw invalidParameter('Log events in a single PutLogEvents request must be in chronological order.')
  }
}

function checkSpan(taken: readonly InputLogEvent[]): void {
  const [first, last] = [taken[0], taken.at(-1)]
  if (first && last && last.timestamp - first.timestamp > DAY_MS) {
    throw invalidParameter('The batch of log events in a single PutLogEvents request cannot span more than 24 hours.')
  }
}

/** The batch is in order, so what is refused is a head (too old, expired) and a tail (too new). */
function rejectedOf(events: readonly InputLogEvent[], now: Date, since: Date | undefined): RejectedLogEventsInfo {
  const before = (time: number) => events.filter(({ timestamp }) => timestamp < time).length
  const tooOld = before(now.getTime() - OLDEST_MS)
  const expired = since ? before(since.getTime()) : 0
  const tooNew = before(now.getTime() + NEWEST_MS + 1)
  return {
    ...(tooNew < events.length ? { tooNewLogEventStartIndex: tooNew } : {}),
    ...(tooOld > 0 ? { tooOldLogEventEndIndex: tooOld } : {}),
    ...(expired > 0 ? { expiredLogEventEndIndex: expired } : {}),
  }
}
