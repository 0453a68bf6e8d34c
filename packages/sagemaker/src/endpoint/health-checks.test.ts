import { expect, test } from 'vitest'
import { HealthChecks, type PingWait, pingNote } from './health-checks.ts'

const address = { socketPath: '/run/task' }
const since = new Date('2026-03-01T12:00:00.000Z')

function checksWith(ping: () => Promise<number | undefined>, now = () => since) {
  const healthy: string[] = []
  const waits: PingWait[] = []
  const events = {
    healthy: (id: string) => healthy.push(id),
    waitedLong: (_id: string, wait: PingWait) => waits.push(wait),
  }
  return { checks: new HealthChecks({ ping }, now, events), healthy, waits }
}

test('an instance is asked until it is healthy, then no more', async () => {
  let pings = 0
  const { checks, healthy } = checksWith(async () => (++pings < 4 ? 503 : 200))
  const began = performance.now()
  checks.watch('a', address, since)
  checks.watch('a', address, since)
  await expect.poll(() => healthy, { interval: 1 }).toEqual(['a'])
  expect(pings).toBe(4)
  expect(performance.now() - began).toBeLessThan(1_000)
  expect(checks.isHealthy('a')).toBe(true)
  checks.watch('a', address, since)
  expect(pings).toBe(4)
  checks.close()
})

test('one that is forgotten is asked no more, though an answer is under way', async () => {
  let answer: ((status: number) => void) | undefined
  const { checks, healthy } = checksWith(() => new Promise<number>((resolve) => (answer = resolve)))
  checks.watch('a', address, since)
  checks.forget('a')
  answer?.(200)
  await new Promise((resolve) => setImmediate(resolve))
  expect(healthy).toEqual([])
  expect(checks.isHealthy('a')).toBe(false)
})

test('what is waited for is known, and told once where it takes long', async () => {
  let time = since
  let status: number | undefined
  let pings = 0
  const { checks, healthy, waits } = checksWith(
    async () => {
      pings++
      return status
    },
    () => time,
  )
  expect(checks.waiting('a')).toBeUndefined()
  checks.watch('a', address, since)
  expect(checks.waiting('a')).toEqual({ since })
  status = 503
  await expect.poll(() => checks.waiting('a'), { interval: 1 }).toEqual({ since, answered: 503 })
  time = new Date(since.getTime() + 9_999)
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect(waits).toEqual([])
  time = new Date(since.getTime() + 10_000)
  await expect.poll(() => waits, { interval: 1 }).toEqual([{ since, answered: 503 }])
  time = new Date(since.getTime() + 60_000)
  const told = pings
  await expect.poll(() => pings, { interval: 1 }).toBeGreaterThan(told + 3)
  status = 200
  await expect.poll(() => healthy, { interval: 1 }).toEqual(['a'])
  expect(waits).toHaveLength(1)
  expect(checks.waiting('a')).toBeUndefined()
})

test.each([
  [503, 'the last answer was 503'],
  [undefined, 'nothing has answered'],
])('the note of a wait with the answer %s', (answered, words) => {
  const wait = { since, ...(answered !== undefined && { answered }) }
  expect(pingNote(wait, new Date(since.getTime() + 12_300))).toBe(
    `Sagebrush: waiting for GET /ping to answer 200, for 12 s by now: ${words}. No request is sent here before.`,
  )
})
