import { createServer } from 'node:http'
import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  DescribeLogGroupsCommand,
  DescribeLogStreamsCommand,
  FilterLogEventsCommand,
  GetLogEventsCommand,
  PutLogEventsCommand,
  paginateFilterLogEvents,
} from '@aws-sdk/client-cloudwatch-logs'
import { createGateway, hostService } from '@sagebrush/protocols'
import { memoryLogStore, memoryStore } from '@sagebrush/store-kit'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openLogs } from './open-logs.ts'

const credentials = { accessKeyId: 'AKIAWIRETEST00000000', secretAccessKey: 'wire-test-secret' }
const clock = () => new Date()
const server = createServer()
let client: CloudWatchLogsClient

beforeAll(async () => {
  const logs = openLogs({ logStore: memoryLogStore(clock), store: memoryStore(), clock })
  const key = { ...credentials, account: '111122223333', arn: 'arn:aws:iam::111122223333:root', userId: '111122223333' }
  const gateway = createGateway({
    services: [
      hostService({
        model: 'logs',
        operations: logs.operations,
        context: (request) => ({ ...request, ...logs.context }),
      }),
    ],
    accessKeys: { find: async (id) => (id === key.accessKeyId ? key : undefined) },
    now: clock,
    log: ({ error }) => console.error(error),
  })
  gateway.attach(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  client = new CloudWatchLogsClient({ region: 'eu-west-1', endpoint: `http://127.0.0.1:${address.port}`, credentials })
})

afterAll(async () => {
  client.destroy()
  await new Promise((resolve) => server.close(resolve))
})

test('the official client makes, writes, reads, follows and filters', async () => {
  const logGroupName = '/aws/sagemaker/TrainingJobs'
  const logStreamName = 'job/algo-1-1700000000'
  await expect(client.send(new DescribeLogStreamsCommand({ logGroupName }))).rejects.toMatchObject({
    name: 'ResourceNotFoundException',
    message: 'The specified log group does not exist.',
  })
  await client.send(new CreateLogGroupCommand({ logGroupName }))
  await expect(client.send(new CreateLogGroupCommand({ logGroupName }))).rejects.toMatchObject({
    name: 'ResourceAlreadyExistsException',
  })
  await client.send(new CreateLogStreamCommand({ logGroupName, logStreamName }))
  const timestamp = Date.now()
  const logEvents = ['first', 'zwölf ✓', 'third'].map((message, i) => ({ timestamp: timestamp + i, message }))
  await client.send(new PutLogEventsCommand({ logGroupName, logStreamName, logEvents }))
  const at = { logGroupName, logStreamName, startFromHead: true }
  const page = await client.send(new GetLogEventsCommand(at))
  expect(page.events?.map((event) => [event.timestamp, event.message])).toEqual(
    logEvents.map((event) => [event.timestamp, event.message]),
  )
  const end = await client.send(new GetLogEventsCommand({ ...at, nextToken: page.nextForwardToken }))
  expect(end.events).toEqual([])
  expect(end.nextForwardToken).toBe(page.nextForwardToken)
  const found = await client.send(new FilterLogEventsCommand({ logGroupName, filterPattern: '"zwölf ✓"' }))
  expect(found.events?.map((event) => event.message)).toEqual(['zwölf ✓'])
  const messages: unknown[] = []
  for await (const part of paginateFilterLogEvents({ client, pageSize: 1 }, { logGroupName })) {
    messages.push(...(part.events ?? []).map((event) => event.message))
  }
  expect(messages).toEqual(['first', 'zwölf ✓', 'third'])
  const { logStreams, nextToken } = await client.send(new DescribeLogStreamsCommand({ logGroupName }))
  expect(logStreams?.[0]?.arn).toBe(
    `arn:aws:logs:eu-west-1:111122223333:log-group:${logGroupName}:log-stream:${logStreamName}`,
  )
  expect(nextToken).toBeUndefined()
  expect((await client.send(new DescribeLogGroupsCommand({}))).logGroups?.[0]?.storedBytes).toBe(20)
})

test('constraints of the contract are checked before the operation', async () => {
  await expect(
    client.send(new GetLogEventsCommand({ logGroupName: 'bad name!', logStreamName: 'a:b', limit: 10_001 })),
  ).rejects.toMatchObject({
    name: 'InvalidParameterException',
    message: expect.stringContaining('3 validation errors'),
  })
})
