import type { LogStore, TaskLogLine } from '@sagebrush/core'
import { memoryLogStore } from '@sagebrush/store-kit'
import { expect, test } from 'vitest'
import { LogPump } from './log-pump.ts'

const scope = { account: '111122223333', region: 'us-east-1' }
const created = new Date('2026-01-01T00:00:00Z')

async function stored(logs: LogStore): Promise<readonly string[]> {
  const { events } = await logs.read(scope, 'group', 'stream', {
    from: 0,
    direction: 'forward',
    limit: 1000,
    maxBytes: 1_000_000,
  })
  return events.map(({ message }) => message)
}

test('passes never overlap, whenever they are asked for', async () => {
  let underWay = 0
  let most = 0
  let printed = 0
  const engine = {
    logs: async (_id: string, cursor: string | undefined) => {
      most = Math.max(most, ++underWay)
      const from = Number(cursor ?? '0')
      const to = printed
      const lines: TaskLogLine[] = []
      for (let i = from; i < to; i++) lines.push({ timestamp: created, message: `line ${i}` })
      await Promise.resolve()
      underWay--
      return { lines, cursor: String(to) }
    },
  }
  const logs = memoryLogStore()
  const pump = new LogPump(engine, logs)
  pump.open('task', { scope, group: 'group', stream: 'stream', created, header: [] })
  const asked: Promise<void>[] = []
  // One call after each possible number of microtasks: some fall between two passes.
  for (let turn = 0; turn < 300; turn++) {
    printed++
    asked.push(pump.pump('task'))
    for (let wait = 0; wait < turn % 17; wait++) await Promise.resolve()
  }
  await Promise.all(asked)
  expect(most).toBe(1)
  expect(await stored(logs)).toEqual(Array.from({ length: 300 }, (_, i) => `line ${i}`))
})

test('a line of ours is stored once, also where another is said while it is being stored', async () => {
  const logs = memoryLogStore()
  const append = logs.append.bind(logs)
  logs.append = async (...asked) => {
    await append(...asked)
    if (asked[3][0]?.message === 'first') pump.say('task', { timestamp: created, message: 'second' })
  }
  const engine = { logs: async () => ({ lines: [], cursor: '0' }) }
  const pump = new LogPump(engine, logs)
  pump.open('task', { scope, group: 'group', stream: 'stream', created, header: ['header'] })
  pump.say('task', { timestamp: created, message: 'first' })
  await pump.pump('task')
  expect(await stored(logs)).toEqual(['header', 'first'])
  for (let pass = 0; pass < 3; pass++) await pump.pump('task')
  expect(await stored(logs)).toEqual(['header', 'first', 'second'])
})
