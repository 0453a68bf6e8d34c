import { beforeEach, expect, test } from 'vitest'
import type { LogsContext } from '../context.ts'
import { CreateLogGroup } from '../log-group/create-log-group.ts'
import { PutRetentionPolicy } from '../log-group/put-retention-policy.ts'
import { CreateLogStream } from '../log-stream/create-log-stream.ts'
import { GROUP, openTestLogs, START } from '../testing.ts'
import { GetLogEvents } from './get-log-events.ts'
import { PutLogEvents } from './put-log-events.ts'

const STREAM = 'job/algo-1-1'
const at = { logGroupName: GROUP, logStreamName: STREAM }
let logs: ReturnType<typeof openTestLogs>
let ctx: LogsContext

beforeEach(async () => {
  logs = openTestLogs()
  ctx = logs.as()
  await CreateLogGroup.handle({ logGroupName: GROUP }, ctx)
  await CreateLogStream.handle(at, ctx)
})

const put = (...lines: readonly (readonly [offsetMs: number, message: string])[]) =>
  PutLogEvents.handle(
    { ...at, logEvents: lines.map(([offset, message]) => ({ timestamp: START.getTime() + offset, message })) },
    ctx,
  )

const lines = (count: number, from = 0) =>
  Array.from({ length: count }, (_, i) => [from + i, `line ${from + i}`] as const)

async function get(input: Partial<Parameters<typeof GetLogEvents.handle>[0]> = {}) {
  const page = await GetLogEvents.handle({ ...at, ...input }, ctx)
  return { ...page, messages: (page.events ?? []).map((event) => event.message) }
}

test('a reader that follows the forward token sees every line once, and a stable token at the end', async () => {
  await put(...lines(5))
  const first = await get({ startFromHead: true, limit: 3 })
  expect(first.messages).toEqual(['line 0', 'line 1', 'line 2'])
  const second = await get({ nextToken: first.nextForwardToken ?? '' })
  expect(second.messages).toEqual(['line 3', 'line 4'])
  const end = await get({ nextToken: second.nextForwardToken ?? '' })
  expect(end.messages).toEqual([])
  expect(end.nextForwardToken).toBe(second.nextForwardToken)
  await put(...lines(1, 5))
  expect((await get({ nextToken: end.nextForwardToken ?? '' })).messages).toEqual(['line 5'])
})

test('without startFromHead the newest come, and the backward token leads to the first', async () => {
  await put(...lines(5))
  const newest = await get({ limit: 2 })
  expect(newest.messages).toEqual(['line 3', 'line 4'])
  const older = await get({ nextToken: newest.nextBackwardToken ?? '', limit: 2 })
  expect(older.messages).toEqual(['line 1', 'line 2'])
  const oldest = await get({ nextToken: older.nextBackwardToken ?? '', limit: 2 })
  expect(oldest.messages).toEqual(['line 0'])
  const none = await get({ nextToken: oldest.nextBackwardToken ?? '' })
  expect(none.messages).toEqual([])
  expect(none.nextBackwardToken).toBe(oldest.nextBackwardToken)
  expect((await get({ nextToken: newest.nextForwardToken ?? '' })).messages).toEqual([])
})

test('an empty stream has both tokens', async () => {
  const page = await get({ startFromHead: true })
  expect(page.messages).toEqual([])
  expect(page.nextForwardToken).toMatch(/^f\/\d{56}$/)
  expect(page.nextBackwardToken).toMatch(/^b\/\d{56}$/)
})

test('a page ends at 1 MiB of messages', async () => {
  const kibibytes256 = 'x'.repeat(262_000)
  await put([0, kibibytes256], [1, kibibytes256], [2, kibibytes256])
  await put([3, kibibytes256], [4, 'last'], [5, kibibytes256])
  const first = await get({ startFromHead: true })
  expect(first.messages).toHaveLength(5)
  expect((await get({ nextToken: first.nextForwardToken ?? '' })).messages).toEqual([kibibytes256])
})

test('times: the start is included, the end is not', async () => {
  await put(...lines(5))
  const page = await get({ startFromHead: true, startTime: START.getTime() + 1, endTime: START.getTime() + 3 })
  expect(page.messages).toEqual(['line 1', 'line 2'])
  expect(page.events?.[0]).toEqual({
    timestamp: START.getTime() + 1,
    message: 'line 1',
    ingestionTime: START.getTime(),
  })
})

test.each(['', 'f/12', `x/${'0'.repeat(56)}`, `f/${'9'.repeat(56)}`])('the token %j is refused', async (nextToken) => {
  await expect(get({ nextToken })).rejects.toMatchObject({
    name: 'InvalidParameterException',
    message: 'The specified nextToken is invalid.',
  })
})

test('groups and streams that are not there, in the words of AWS', async () => {
  const group = { name: 'ResourceNotFoundException', message: 'The specified log group does not exist.' }
  const stream = { name: 'ResourceNotFoundException', message: 'The specified log stream does not exist.' }
  await expect(get({ logGroupName: 'other' })).rejects.toMatchObject(group)
  await expect(get({ logStreamName: 'other' })).rejects.toMatchObject(stream)
  const events = [{ timestamp: START.getTime(), message: 'x' }]
  const lost = PutLogEvents.handle({ logGroupName: GROUP, logStreamName: 'other', logEvents: events }, ctx)
  await expect(lost).rejects.toMatchObject(stream)
  const elsewhere = { ...at, logGroupName: 'other', logEvents: events }
  await expect(PutLogEvents.handle(elsewhere, ctx)).rejects.toMatchObject(group)
})

test('a group may be named by its ARN; another account finds nothing', async () => {
  await put([0, 'hello'])
  const arn = `arn:aws:logs:us-east-1:111122223333:log-group:${GROUP}`
  for (const logGroupIdentifier of [arn, `${arn}:*`, GROUP]) {
    const page = await GetLogEvents.handle({ logGroupIdentifier, logStreamName: STREAM }, ctx)
    expect(page.events?.map((event) => event.message)).toEqual(['hello'])
  }
  const stranger = logs.as('999900001111')
  for (const logGroupIdentifier of [arn, GROUP]) {
    await expect(GetLogEvents.handle({ logGroupIdentifier, logStreamName: STREAM }, stranger)).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
    })
  }
})

test('a batch must be in order, within a day, and small enough; nothing of a bad one is kept', async () => {
  const refused = (message: string) => ({ name: 'InvalidParameterException', message })
  await expect(put([1, 'b'], [0, 'a'])).rejects.toMatchObject(
    refused('Log events in a single PutLogEvents request must be in chronological order.'),
  )
  await expect(put([-86_400_001, 'a'], [0, 'b'])).rejects.toMatchObject(
    refused('The batch of log events in a single PutLogEvents request cannot span more than 24 hours.'),
  )
  await expect(put([0, 'é'.repeat(524_276)])).rejects.toMatchObject(
    refused('Upload too large: 1048578 bytes exceeds limit of 1048576'),
  )
  expect((await get()).messages).toEqual([])
  expect((await put([0, 'é'.repeat(524_275)])).nextSequenceToken).toMatch(/^\d{56}$/)
})

test('events too old, expired and too new are left out and counted', async () => {
  const hour = 3_600_000
  const day = 24 * hour
  expect(await put([2 * hour, 'just'], [2 * hour + 1, 'new'], [3 * hour, 'newer'])).toMatchObject({
    rejectedLogEventsInfo: { tooNewLogEventStartIndex: 1 },
  })
  expect(await put([-14 * day - 1, 'old'], [-14 * day, 'just'])).toMatchObject({
    rejectedLogEventsInfo: { tooOldLogEventEndIndex: 1 },
  })
  await PutRetentionPolicy.handle({ logGroupName: GROUP, retentionInDays: 1 }, ctx)
  expect(await put([-day - 2, 'gone'], [-day - 1, 'gone'], [-day, 'kept'])).toMatchObject({
    rejectedLogEventsInfo: { expiredLogEventEndIndex: 2 },
  })
  expect(await put([0, 'good'])).not.toHaveProperty('rejectedLogEventsInfo')
  expect((await get({ startFromHead: true })).messages).toEqual(['just', 'kept', 'good'])
})
