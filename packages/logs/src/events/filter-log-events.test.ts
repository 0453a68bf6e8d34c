import { expect, test } from 'vitest'
import { CreateLogGroup } from '../log-group/create-log-group.ts'
import { CreateLogStream } from '../log-stream/create-log-stream.ts'
import { GROUP, openTestLogs, START } from '../testing.ts'
import { FilterLogEvents } from './filter-log-events.ts'

type Line = readonly [stream: string, offsetMs: number, message: string]

async function withLines(...lines: readonly Line[]) {
  const logs = openTestLogs()
  const ctx = logs.as()
  await CreateLogGroup.handle({ logGroupName: GROUP }, ctx)
  const put = async (...more: readonly Line[]) => {
    for (const [stream, offset, message] of more) {
      await logs.logStore.createStream(ctx.caller, GROUP, stream, START)
      const timestamp = new Date(START.getTime() + offset)
      await logs.logStore.append(ctx.caller, GROUP, stream, [{ timestamp, message }])
    }
  }
  await put(...lines)
  const filter = async (input: Partial<Parameters<typeof FilterLogEvents.handle>[0]> = {}) => {
    const page = await FilterLogEvents.handle({ logGroupName: GROUP, ...input }, ctx)
    return { ...page, events: page.events ?? [], messages: (page.events ?? []).map((event) => event.message) }
  }
  return { ctx, put, filter }
}

const TWO_HOSTS: readonly Line[] = [
  ['job/algo-1', 0, 'a0'],
  ['job/algo-2', 1, 'b1'],
  ['job/algo-1', 2, 'a2'],
  ['other/algo-1', 2, 'c2'],
  ['job/algo-2', 3, 'b3'],
]

test('streams are merged by time', async () => {
  const { filter } = await withLines(...TWO_HOSTS)
  const all = await filter()
  expect(all.messages).toEqual(['a0', 'b1', 'a2', 'c2', 'b3'])
  expect(all).not.toHaveProperty('nextToken')
  expect(all.events[1]).toMatchObject({
    logStreamName: 'job/algo-2',
    timestamp: START.getTime() + 1,
    ingestionTime: START.getTime(),
    eventId: expect.stringMatching(/^\d{56}$/),
  })
})

test('a token is not JSON in Base64, which a paginator of botocore would take for its own', async () => {
  const { filter } = await withLines(...TWO_HOSTS)
  const { nextToken = '' } = await filter({ limit: 2 })
  expect(() => JSON.parse(Buffer.from(nextToken, 'base64').toString())).toThrow(SyntaxError)
  expect((await filter({ nextToken })).messages).toEqual(['a2', 'c2', 'b3'])
})

test('by prefix, by names, by time', async () => {
  const { filter } = await withLines(...TWO_HOSTS)
  expect((await filter({ logStreamNamePrefix: 'job/' })).messages).toEqual(['a0', 'b1', 'a2', 'b3'])
  expect((await filter({ logStreamNames: ['other/algo-1', 'job/algo-2'] })).messages).toEqual(['b1', 'c2', 'b3'])
  const time = { startTime: START.getTime() + 1, endTime: START.getTime() + 2 }
  expect((await filter(time)).messages).toEqual(['b1', 'a2', 'c2'])
  await expect(filter({ logStreamNames: ['nobody'] })).rejects.toMatchObject({
    name: 'ResourceNotFoundException',
    message: 'The specified log stream does not exist.',
  })
  await expect(filter({ logStreamNames: ['a'], logStreamNamePrefix: 'a' })).rejects.toMatchObject({
    name: 'InvalidParameterException',
  })
})

test('pages of any size hold every event once', async () => {
  const lines = Array.from({ length: 200 }, (_, i): Line => [`s${(i * 7) % 13}`, Math.floor(i / 3), `line ${i}`])
  const { filter } = await withLines(...lines)
  const whole = await filter()
  expect(new Set(whole.events.map((event) => event.eventId)).size).toBe(200)
  for (const limit of [1, 7, 199, 200]) {
    const seen: unknown[] = []
    let nextToken: string | undefined
    do {
      const page = await filter({ limit, ...(nextToken === undefined ? {} : { nextToken }) })
      seen.push(...page.events)
      nextToken = page.nextToken
    } while (nextToken !== undefined)
    expect(seen).toHaveLength(200)
    expect(new Set(seen.map((event) => JSON.stringify(event)))).toEqual(
      new Set(whole.events.map((event) => JSON.stringify(event))),
    )
  }
})

test.each([1, 2, 3])('pages of %i hold every event once where streams are not in the order of time', async (limit) => {
  const { filter } = await withLines(
    ...([
      ['a', 60, 'a60'],
      ['b', 30, 'b30'],
      ['a', 30, 'a30'],
      ['a', 10, 'a10'],
      ['b', 70, 'b70'],
      ['a', 0, 'a0'],
    ] satisfies Line[]),
  )
  const seen: (string | undefined)[] = []
  let nextToken: string | undefined
  do {
    const page = await filter({ limit, ...(nextToken === undefined ? {} : { nextToken }) })
    seen.push(...page.messages)
    nextToken = page.nextToken
  } while (nextToken !== undefined)
  expect(seen.sort()).toEqual(['a0', 'a10', 'a30', 'a60', 'b30', 'b70'])
})

test('a token goes on with what came since, and repeats nothing', async () => {
  const { filter, put } = await withLines(['a', 0, 'a0'], ['b', 1, 'b1'], ['c', 2, 'c2'])
  const first = await filter({ limit: 2 })
  expect(first.messages).toEqual(['a0', 'b1'])
  await put(['a', 5, 'a5'], ['d', 6, 'd6'], ['b', 7, 'b7'])
  expect((await filter({ nextToken: first.nextToken ?? '' })).messages).toEqual(['c2', 'a5', 'd6', 'b7'])
})

test('following as `aws logs tail --follow` does: from the newest time, known ids left out', async () => {
  const { filter, put } = await withLines(['a', 0, 'a0'], ['b', 5, 'b5'])
  const printed = new Map((await filter()).events.map((event) => [event.eventId, event.message]))
  await put(['a', 5, 'a5'], ['a', 6, 'a6'])
  for (const event of (await filter({ startTime: START.getTime() + 5 })).events)
    printed.set(event.eventId, event.message)
  expect([...printed.values()]).toEqual(['a0', 'b5', 'a5', 'a6'])
})

test('a page ends at 1 MiB, and the rest comes', async () => {
  const large = 'x'.repeat(400_000)
  const { filter } = await withLines(['a', 0, large], ['b', 1, large], ['a', 2, large], ['b', 3, 'end'])
  const first = await filter()
  expect(first.messages).toHaveLength(2)
  expect((await filter({ nextToken: first.nextToken ?? '' })).messages).toEqual([large, 'end'])
})

test('a pattern that matches nothing in very many events answers in parts', async () => {
  const { ctx, filter } = await withLines(['a', 0, 'needle 0'])
  const noise = Array.from({ length: 60_000 }, (_, i) => ({ timestamp: new Date(START.getTime() + i), message: 'hay' }))
  await CreateLogStream.handle({ logGroupName: GROUP, logStreamName: 'n' }, ctx)
  await ctx.logStore.append(ctx.caller, GROUP, 'n', noise)
  await ctx.logStore.append(ctx.caller, GROUP, 'a', [
    { timestamp: new Date(START.getTime() + 60_000), message: 'needle 1' },
  ])
  const first = await filter({ filterPattern: 'needle' })
  expect(first.messages).toEqual(['needle 0'])
  const second = await filter({ filterPattern: 'needle', nextToken: first.nextToken ?? '' })
  expect(second.messages).toEqual(['needle 1'])
  expect(second).not.toHaveProperty('nextToken')
})

test.each(['rubbish', 'e30', 'eyJ0aW1lIjoxLCJuZXh0Ijp7ImEiOi0xfX0'])('the token %j is refused', async (nextToken) => {
  const { filter } = await withLines()
  await expect(filter({ nextToken })).rejects.toMatchObject({ message: 'The specified nextToken is invalid.' })
})
