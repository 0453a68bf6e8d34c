import { createHash } from 'node:crypto'
import type { FilteredLogEvent } from '@sagebrush/contract/logs'
import type { LogStream } from '@sagebrush/core'
import { type LogsContext, operation } from '../context.ts'
import { invalidParameter, noSuchStream } from '../errors.ts'
import { readFilterPattern } from '../filter/filter-pattern.ts'
import { findGroup, groupNameOf, retainedSince } from '../log-group/find-group.ts'
import { readToken, writeToken } from '../page-token.ts'
import { latest } from './latest.ts'
import { type MergedEvent, MergedStreams, type MergePlace } from './merge-streams.ts'

const MOST_EVENTS = 10_000
const MOST_BYTES = 1_048_576
/** Events looked at for one answer: a pattern that matches little gives short or empty pages and a token. */
const MOST_SCANNED = 50_000

/** The events of a group's streams, merged by time. A token where more may follow; none at the end. */
export const FilterLogEvents = operation('FilterLogEvents', async (input, ctx) => {
  const group = await findGroup(ctx, groupNameOf(ctx.caller, input))
  const { logStreamNames, logStreamNamePrefix, limit = MOST_EVENTS } = input
  if (logStreamNames !== undefined && logStreamNamePrefix !== undefined) {
    throw invalidParameter('logStreamNames and logStreamNamePrefix are mutually exclusive parameters.')
  }
  if (input.startFromHead === false) {
    throw invalidParameter('startFromHead false is not supported: events come from the oldest to the newest.')
  }
  const matches = readFilterPattern(input.filterPattern)
  const merged = new MergedStreams({
    logStore: ctx.logStore,
    scope: ctx.caller,
    group: group.name,
    streams: await streamsOf(ctx, group.name, logStreamNames, logStreamNamePrefix),
    startTime: latest(
      input.startTime === undefined ? undefined : new Date(input.startTime),
      retainedSince(group, ctx.now()),
    ),
    // Unlike GetLogEvents this includes the end itself.
    endTime: input.endTime === undefined ? undefined : new Date(input.endTime + 1),
    after: input.nextToken === undefined ? undefined : readToken(input.nextToken, isPlace),
  })
  const events: FilteredLogEvent[] = []
  let bytes = 0
  let more = false
  for (let scanned = 0; ; scanned++) {
    const next = await merged.peek()
    if (!next) break
    more = scanned === MOST_SCANNED
    if (!more && matches(next.event.message)) {
      bytes += Buffer.byteLength(next.event.message)
      more = events.length === limit || (events.length > 0 && bytes > MOST_BYTES)
      if (!more) events.push(describeEvent(next))
    }
    if (more) break
    merged.take()
  }
  return { events, searchedLogStreams: [], ...(more ? { nextToken: writeToken(merged.place()) } : {}) }
})

async function streamsOf(
  ctx: LogsContext,
  group: string,
  names: readonly string[] | undefined,
  prefix: string | undefined,
): Promise<readonly LogStream[]> {
  if (names === undefined) {
    const streams = await ctx.logStore.streams(ctx.caller, group, prefix)
    return streams.filter(({ name }) => name.startsWith(prefix ?? ''))
  }
  return Promise.all(
    [...new Set(names)].map(async (name) => {
      const stream = await ctx.logStore.getStream(ctx.caller, group, name)
      if (!stream) throw noSuchStream()
      return stream
    }),
  )
}

function describeEvent({ stream, event }: MergedEvent): FilteredLogEvent {
  return {
    logStreamName: stream,
    timestamp: event.timestamp.getTime(),
    message: event.message,
    ingestionTime: event.ingested.getTime(),
    eventId: eventId(stream, event.timestamp.getTime(), event.sequence),
  }
}

/** 56 digits, the same at every reading: `aws logs tail --follow` knows by it what it has printed. */
function eventId(stream: string, timestamp: number, sequence: number): string {
  const digest = createHash('sha256').update(stream).digest().readBigUInt64BE()
  return `${String(timestamp).padStart(16, '0')}${String(digest).padStart(20, '0')}${String(sequence).padStart(20, '0')}`
}

function isPlace(value: unknown): value is MergePlace {
  if (typeof value !== 'object' || value === null || !('time' in value) || !('next' in value)) return false
  const { time, next } = value
  if (typeof time !== 'number' || typeof next !== 'object' || next === null) return false
  return Object.values(next).every((sequence) => Number.isSafeInteger(sequence) && sequence >= 0)
}
