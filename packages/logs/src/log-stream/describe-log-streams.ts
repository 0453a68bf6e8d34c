import type { LogStream as LogStreamOutput } from '@sagebrush/contract/logs'
import { formatArn, type LogStream, type Scope } from '@sagebrush/core'
import { operation } from '../context.ts'
import { invalidParameter, invalidToken } from '../errors.ts'
import { sequenceToken } from '../events/sequence-token.ts'
import { findGroup, groupNameOf } from '../log-group/find-group.ts'
import { pageOf, readToken } from '../page-token.ts'

/** A place in the list: of which order, and after which stream. */
type Place = readonly [order: 'LogStreamName' | 'LastEventTime', descending: boolean, name: string, lastEvent: number]

/** No `nextToken` where all fit: the Python SDK asks for one page after another for as long as there is one. */
export const DescribeLogStreams = operation('DescribeLogStreams', async (input, ctx) => {
  const group = await findGroup(ctx, groupNameOf(ctx.caller, input))
  const { logStreamNamePrefix: prefix, orderBy = 'LogStreamName', descending = false } = input
  if (orderBy === 'LastEventTime' && prefix !== undefined) {
    throw invalidParameter('Cannot order by LastEventTime with a logStreamNamePrefix.')
  }
  const streams = (await ctx.logStore.streams(ctx.caller, group.name, prefix)).filter(({ name }) =>
    name.startsWith(prefix ?? ''),
  )
  const placeOf = (stream: LogStream): Place => [orderBy, descending, stream.name, lastEventOf(stream)]
  const compare = (a: Place, b: Place) => (descending ? -1 : 1) * comparePlaces(a, b)
  const after = input.nextToken === undefined ? undefined : readToken(input.nextToken, isPlace)
  if (after && (after[0] !== orderBy || after[1] !== descending)) throw invalidToken()
  const page = pageOf(
    streams.toSorted((a, b) => compare(placeOf(a), placeOf(b))),
    (stream) => after === undefined || compare(placeOf(stream), after) > 0,
    input.limit ?? 50,
    placeOf,
  )
  return {
    logStreams: page.items.map((stream) => describeStream(ctx.caller, group.name, stream)),
    ...(page.nextToken === undefined ? {} : { nextToken: page.nextToken }),
  }
})

function describeStream(scope: Scope, group: string, stream: LogStream): LogStreamOutput {
  return {
    logStreamName: stream.name,
    creationTime: stream.created.getTime(),
    ...(stream.firstEvent === undefined ? {} : { firstEventTimestamp: stream.firstEvent.getTime() }),
    ...(stream.lastEvent === undefined ? {} : { lastEventTimestamp: stream.lastEvent.getTime() }),
    ...(stream.lastIngested === undefined ? {} : { lastIngestionTime: stream.lastIngested.getTime() }),
    uploadSequenceToken: sequenceToken(stream.events),
    arn: formatArn('logs', scope, `log-group:${group}:log-stream:${stream.name}`),
    storedBytes: stream.storedBytes,
  }
}

/** A stream without events is ordered by its creation. */
function lastEventOf(stream: LogStream): number {
  return (stream.lastEvent ?? stream.created).getTime()
}

function comparePlaces(a: Place, b: Place): number {
  const byTime = a[0] === 'LastEventTime' ? a[3] - b[3] : 0
  return byTime || Buffer.compare(Buffer.from(a[2]), Buffer.from(b[2]))
}

function isPlace(value: unknown): value is Place {
  if (!Array.isArray(value) || value.length !== 4) return false
  const [order, descending, name, lastEvent]: unknown[] = value
  return (
    (order === 'LogStreamName' || order === 'LastEventTime') &&
    typeof descending === 'boolean' &&
    typeof name === 'string' &&
    typeof lastEvent === 'number'
  )
}
