import { expect, test } from 'vitest'
import { HealthChecks } from './health-checks.ts'

const address = { socketPath: '/run/task' }

test('an instance is asked until it is healthy, then no more', async () => {
  let pings = 0
  const healthy: string[] = []
  const checks = new HealthChecks({ ping: async () => (++pings < 4 ? 503 : 200) }, (id) => healthy.push(id))
  const began = performance.now()
  checks.watch('a', address)
  checks.watch('a', address)
  await expect.poll(() => healthy, { interval: 1 }).toEqual(['a'])
  expect(pings).toBe(4)
  expect(performance.now() - began).toBeLessThan(1_000)
  expect(checks.isHealthy('a')).toBe(true)
  checks.watch('a', address)
  expect(pings).toBe(4)
  checks.close()
})

test('one that is forgotten is asked no more, though an answer is under way', async () => {
  let answer: ((status: number) => void) | undefined
  const healthy: string[] = []
  const ping = () => new Promise<number>((resolve) => (answer = resolve))
  const checks = new HealthChecks({ ping }, (id) => healthy.push(id))
  checks.watch('a', address)
  checks.forget('a')
  answer?.(200)
  await new Promise((resolve) => setImmediate(resolve))
  expect(healthy).toEqual([])
  expect(checks.isHealthy('a')).toBe(false)
})
