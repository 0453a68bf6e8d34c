import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { RightOfWay } from './right-of-way.ts'

// The time stands still unless a test moves it: what resolves without that has not waited for it.
beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }))
afterEach(() => void vi.useRealTimers())

test('bulk work goes on at once where nothing is urgent', async () => {
  const rightOfWay = new RightOfWay()
  rightOfWay.begin()()
  await rightOfWay.giveWay()
})

test('bulk work waits for the end of what is urgent, and lets its answer go out first', async () => {
  const rightOfWay = new RightOfWay()
  const order: string[] = []
  const done = [rightOfWay.begin(), rightOfWay.begin()]
  const bulk = rightOfWay.giveWay().then(() => order.push('bulk'))
  for (const end of done) {
    for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve))
    order.push('urgent')
    end()
    await Promise.resolve()
    order.push('its answer')
  }
  await bulk
  expect(order).toEqual(['urgent', 'its answer', 'urgent', 'its answer', 'bulk'])
})

test('a request that takes long holds nobody up for more than its first 10 ms', async () => {
  const rightOfWay = new RightOfWay()
  const done = rightOfWay.begin()
  let passed = false
  const first = rightOfWay.giveWay().then(() => (passed = true))
  await new Promise((resolve) => setImmediate(resolve))
  await vi.advanceTimersByTimeAsync(9)
  expect(passed).toBe(false)
  await vi.advanceTimersByTimeAsync(1)
  await first
  await rightOfWay.giveWay()
  done()
})
