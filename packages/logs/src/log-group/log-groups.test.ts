import { expect, test } from 'vitest'
import { GetLogEvents } from '../events/get-log-events.ts'
import { PutLogEvents } from '../events/put-log-events.ts'
import { CreateLogStream } from '../log-stream/create-log-stream.ts'
import { openTestLogs, START } from '../testing.ts'
import { CreateLogGroup } from './create-log-group.ts'
import { DeleteLogGroup } from './delete-log-group.ts'
import { DeleteRetentionPolicy } from './delete-retention-policy.ts'
import { DescribeLogGroups } from './describe-log-groups.ts'
import {
  ListTagsForResource,
  ListTagsLogGroup,
  TagLogGroup,
  TagResource,
  UntagLogGroup,
  UntagResource,
} from './group-tags.ts'
import { PutLogGroupDeletionProtection } from './put-log-group-deletion-protection.ts'
import { PutRetentionPolicy } from './put-retention-policy.ts'

const DAY_MS = 86_400_000

async function withGroups(...names: string[]) {
  const logs = openTestLogs()
  const ctx = logs.as()
  for (const logGroupName of names) await CreateLogGroup.handle({ logGroupName }, ctx)
  const list = async (input: Parameters<typeof DescribeLogGroups.handle>[0] = {}) => {
    const page = await DescribeLogGroups.handle(input, ctx)
    return { ...page, names: (page.logGroups ?? []).map((group) => group.logGroupName) }
  }
  return { logs, ctx, list }
}

test('groups by prefix, by pattern, by identifier, page by page', async () => {
  const { list } = await withGroups('/aws/b', '/aws/a', '/other', '/aws/sagemaker/Endpoints/x')
  expect((await list({ logGroupNamePrefix: '/aws/' })).names).toEqual([
    '/aws/a',
    '/aws/b',
    '/aws/sagemaker/Endpoints/x',
  ])
  expect((await list({ logGroupNamePattern: 'endpoints' })).names).toEqual([])
  expect((await list({ logGroupNamePattern: 'Endpoints' })).logGroups).toEqual([
    {
      logGroupName: '/aws/sagemaker/Endpoints/x',
      creationTime: START.getTime(),
      arn: 'arn:aws:logs:us-east-1:111122223333:log-group:/aws/sagemaker/Endpoints/x:*',
    },
  ])
  expect((await list({ logGroupIdentifiers: ['/other'] })).names).toEqual(['/other'])
  const first = await list({ limit: 3 })
  expect(first.names).toHaveLength(3)
  const rest = await list({ limit: 3, nextToken: first.nextToken ?? '' })
  expect(rest.names).toEqual(['/other'])
  expect(rest).not.toHaveProperty('nextToken')
  await expect(list({ logGroupNamePrefix: 'a', logGroupNamePattern: 'a' })).rejects.toMatchObject({
    name: 'InvalidParameterException',
  })
})

test('a group shows what it was made with', async () => {
  const { ctx, list } = await withGroups()
  await CreateLogGroup.handle({ logGroupName: 'g', kmsKeyId: 'arn:key', logGroupClass: 'INFREQUENT_ACCESS' }, ctx)
  expect((await list()).logGroups).toEqual([
    {
      logGroupName: 'g',
      creationTime: START.getTime(),
      metricFilterCount: 0,
      arn: 'arn:aws:logs:us-east-1:111122223333:log-group:g:*',
      logGroupArn: 'arn:aws:logs:us-east-1:111122223333:log-group:g',
      storedBytes: 0,
      kmsKeyId: 'arn:key',
      logGroupClass: 'INFREQUENT_ACCESS',
      deletionProtectionEnabled: false,
    },
  ])
  expect((await list({ logGroupClass: 'STANDARD' })).names).toEqual([])
  await expect(CreateLogGroup.handle({ logGroupName: 'g' }, ctx)).rejects.toMatchObject({
    name: 'ResourceAlreadyExistsException',
    message: 'The specified log group already exists',
  })
})

test('accounts and regions with the same names see nothing of each other', async () => {
  const { logs } = await withGroups('g')
  for (const other of [logs.as('999900001111'), logs.as('111122223333', 'eu-west-1')]) {
    expect((await DescribeLogGroups.handle({}, other)).logGroups).toEqual([])
    await CreateLogGroup.handle({ logGroupName: 'g', tags: { owner: 'other' } }, other)
    await CreateLogStream.handle({ logGroupName: 'g', logStreamName: 's' }, other)
    const logEvents = [{ timestamp: START.getTime(), message: 'secret' }]
    await PutLogEvents.handle({ logGroupName: 'g', logStreamName: 's', logEvents }, other)
  }
  const ctx = logs.as()
  await CreateLogStream.handle({ logGroupName: 'g', logStreamName: 's' }, ctx)
  expect((await GetLogEvents.handle({ logGroupName: 'g', logStreamName: 's' }, ctx)).events).toEqual([])
  expect((await ListTagsLogGroup.handle({ logGroupName: 'g' }, ctx)).tags).toEqual({})
  await DeleteLogGroup.handle({ logGroupName: 'g' }, ctx)
  expect((await DescribeLogGroups.handle({}, logs.as('999900001111'))).logGroups).toHaveLength(1)
})

test('a deleted group takes its streams, tags and settings along', async () => {
  const { ctx, list } = await withGroups()
  await CreateLogGroup.handle({ logGroupName: 'g', tags: { a: '1' }, deletionProtectionEnabled: true }, ctx)
  await expect(DeleteLogGroup.handle({ logGroupName: 'g' }, ctx)).rejects.toMatchObject({ name: 'ValidationException' })
  await PutLogGroupDeletionProtection.handle({ logGroupIdentifier: 'g', deletionProtectionEnabled: false }, ctx)
  await DeleteLogGroup.handle({ logGroupName: 'g' }, ctx)
  expect((await list()).names).toEqual([])
  await CreateLogGroup.handle({ logGroupName: 'g' }, ctx)
  expect((await ListTagsLogGroup.handle({ logGroupName: 'g' }, ctx)).tags).toEqual({})
  await DeleteLogGroup.handle({ logGroupName: 'g' }, ctx)
  await expect(DeleteLogGroup.handle({ logGroupName: 'g' }, ctx)).rejects.toMatchObject({
    name: 'ResourceNotFoundException',
    message: 'The specified log group does not exist.',
  })
})

test('tags by ARN and by name', async () => {
  const { ctx } = await withGroups('g')
  const resourceArn = 'arn:aws:logs:us-east-1:111122223333:log-group:g'
  await TagResource.handle({ resourceArn, tags: { a: '1', b: '2' } }, ctx)
  await TagLogGroup.handle({ logGroupName: 'g', tags: { b: '3', c: '4' } }, ctx)
  await UntagResource.handle({ resourceArn, tagKeys: ['a'] }, ctx)
  expect(await ListTagsForResource.handle({ resourceArn }, ctx)).toEqual({ tags: { b: '3', c: '4' } })
  await UntagLogGroup.handle({ logGroupName: 'g', tags: ['b'] }, ctx)
  expect(await ListTagsLogGroup.handle({ logGroupName: 'g' }, ctx)).toEqual({ tags: { c: '4' } })
  const many = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`k${i}`, 'v']))
  await expect(TagResource.handle({ resourceArn, tags: many }, ctx)).rejects.toMatchObject({
    name: 'TooManyTagsException',
  })
  await expect(ListTagsForResource.handle({ resourceArn: 'arn:aws:s3:::bucket' }, ctx)).rejects.toMatchObject({
    name: 'InvalidParameterException',
    message: expect.stringContaining('arn:aws:s3:::bucket'),
  })
})

test('retention hides what is older at once, and expire frees streams that are wholly older', async () => {
  const { logs, ctx, list } = await withGroups('g')
  const put = (logStreamName: string, message: string, offset = 0) =>
    logs.logStore.append(ctx.caller, 'g', logStreamName, [{ timestamp: new Date(START.getTime() + offset), message }])
  for (const logStreamName of ['old', 'mixed']) await CreateLogStream.handle({ logGroupName: 'g', logStreamName }, ctx)
  await put('old', 'old line')
  await put('mixed', 'old line')
  logs.advance(2 * DAY_MS)
  await put('mixed', 'new line', 2 * DAY_MS)
  expect(await logs.expire()).toBe(0)
  await expect(PutRetentionPolicy.handle({ logGroupName: 'g', retentionInDays: 2 }, ctx)).rejects.toMatchObject({
    name: 'InvalidParameterException',
  })
  await PutRetentionPolicy.handle({ logGroupName: 'g', retentionInDays: 1 }, ctx)
  expect((await list()).logGroups?.[0]?.retentionInDays).toBe(1)
  const mixed = { logGroupName: 'g', logStreamName: 'mixed', startFromHead: true }
  const messages = async () => (await GetLogEvents.handle(mixed, ctx)).events?.map((event) => event.message)
  expect(await messages()).toEqual(['new line'])
  expect(await logs.expire()).toBe(1)
  expect((await logs.logStore.streams(ctx.caller, 'g')).map((stream) => stream.name)).toEqual(['mixed'])
  await DeleteRetentionPolicy.handle({ logGroupName: 'g' }, ctx)
  expect(await messages()).toEqual(['old line', 'new line'])
  expect((await list()).logGroups?.[0]).not.toHaveProperty('retentionInDays')
  logs.advance(100 * DAY_MS)
  expect(await logs.expire()).toBe(0)
})
