import { expect, test } from 'vitest'
import { PutLogEvents } from '../events/put-log-events.ts'
import { CreateLogGroup } from '../log-group/create-log-group.ts'
import { GROUP, openTestLogs, START } from '../testing.ts'
import { CreateLogStream } from './create-log-stream.ts'
import { DeleteLogStream } from './delete-log-stream.ts'
import { DescribeLogStreams } from './describe-log-streams.ts'

async function withStreams(...names: string[]) {
  const logs = openTestLogs()
  const ctx = logs.as()
  await CreateLogGroup.handle({ logGroupName: GROUP }, ctx)
  for (const logStreamName of names) await CreateLogStream.handle({ logGroupName: GROUP, logStreamName }, ctx)
  const list = async (input: Partial<Parameters<typeof DescribeLogStreams.handle>[0]> = {}) => {
    const page = await DescribeLogStreams.handle({ logGroupName: GROUP, ...input }, ctx)
    return { ...page, names: (page.logStreams ?? []).map((stream) => stream.logStreamName) }
  }
  return { logs, ctx, list }
}

test('no nextToken where all streams fit, one where they do not', async () => {
  const { list } = await withStreams('b', 'a', 'c')
  const all = await list({ limit: 3 })
  expect(all.names).toEqual(['a', 'b', 'c'])
  expect(all).not.toHaveProperty('nextToken')
  const first = await list({ limit: 2 })
  expect(first.names).toEqual(['a', 'b'])
  const rest = await list({ limit: 2, nextToken: first.nextToken ?? '' })
  expect(rest.names).toEqual(['c'])
  expect(rest).not.toHaveProperty('nextToken')
  expect((await list({ descending: true })).names).toEqual(['c', 'b', 'a'])
})

test('a prefix selects the streams of one job', async () => {
  const { list } = await withStreams('job-1/algo-1-9', 'job-10/algo-1-9', 'job-1/algo-2-9')
  expect((await list({ logStreamNamePrefix: 'job-1/' })).names).toEqual(['job-1/algo-1-9', 'job-1/algo-2-9'])
  await expect(list({ logStreamNamePrefix: 'job-1/', orderBy: 'LastEventTime' })).rejects.toMatchObject({
    name: 'InvalidParameterException',
    message: 'Cannot order by LastEventTime with a logStreamNamePrefix.',
  })
})

test('the newest first, page by page; a token of another order is refused', async () => {
  const { ctx, list } = await withStreams('a', 'b', 'c')
  for (const [logStreamName, offset] of [
    ['a', 20],
    ['b', 30],
    ['c', 10],
  ] as const) {
    const logEvents = [{ timestamp: START.getTime() + offset, message: 'hello' }]
    await PutLogEvents.handle({ logGroupName: GROUP, logStreamName, logEvents }, ctx)
  }
  const first = await list({ orderBy: 'LastEventTime', descending: true, limit: 2 })
  expect(first.names).toEqual(['b', 'a'])
  const nextToken = first.nextToken ?? ''
  expect((await list({ orderBy: 'LastEventTime', descending: true, nextToken })).names).toEqual(['c'])
  await expect(list({ nextToken })).rejects.toMatchObject({ message: 'The specified nextToken is invalid.' })
  await expect(list({ nextToken: 'rubbish' })).rejects.toMatchObject({ name: 'InvalidParameterException' })
  expect(first.logStreams?.[0]).toMatchObject({
    logStreamName: 'b',
    creationTime: START.getTime(),
    firstEventTimestamp: START.getTime() + 30,
    lastEventTimestamp: START.getTime() + 30,
    lastIngestionTime: START.getTime(),
    storedBytes: 5,
    arn: `arn:aws:logs:us-east-1:111122223333:log-group:${GROUP}:log-stream:b`,
  })
})

test('a stream without events has the place of its creation among the others', async () => {
  const { logs, ctx, list } = await withStreams('full')
  for (const [logStreamName, afterMs] of [
    ['early', 10],
    ['late', 20],
  ] as const) {
    logs.advance(afterMs)
    await CreateLogStream.handle({ logGroupName: GROUP, logStreamName }, ctx)
  }
  const logEvents = [{ timestamp: START.getTime() + 20, message: 'hello' }]
  await PutLogEvents.handle({ logGroupName: GROUP, logStreamName: 'full', logEvents }, ctx)
  expect((await list({ orderBy: 'LastEventTime' })).names).toEqual(['early', 'full', 'late'])
  expect((await list({ orderBy: 'LastEventTime', descending: true })).names).toEqual(['late', 'full', 'early'])
})

test('made once, gone once, in the words of AWS', async () => {
  const { ctx } = await withStreams('a')
  await expect(CreateLogStream.handle({ logGroupName: GROUP, logStreamName: 'a' }, ctx)).rejects.toMatchObject({
    name: 'ResourceAlreadyExistsException',
    message: 'The specified log stream already exists',
  })
  await expect(CreateLogStream.handle({ logGroupName: 'none', logStreamName: 'a' }, ctx)).rejects.toMatchObject({
    message: 'The specified log group does not exist.',
  })
  await DeleteLogStream.handle({ logGroupName: GROUP, logStreamName: 'a' }, ctx)
  await expect(DeleteLogStream.handle({ logGroupName: GROUP, logStreamName: 'a' }, ctx)).rejects.toMatchObject({
    message: 'The specified log stream does not exist.',
  })
})
