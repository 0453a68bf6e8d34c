import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { RightOfWay } from './right-of-way.ts'

// The time stands still unless a test moves it: what resolves without that has not waited for it.
beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }))
afterEach(() => void vi.useRealTimers())

test('bulk work goes on at once where nothing is urgent, and again half a second after the last that was', async () => {
  const rightOfWay = new RightOfWay()
  for (let slice = 0; slice < 10; slice++) await rightOfWay.giveWay()
  rightOfWay.begin()()
  await vi.advanceTimersByTimeAsync(510)
  for (let slice = 0; slice < 10; slice++) await rightOfWay.giveWay()
})

test('between requests all bulk work together keeps its pace', async () => {
  const rightOfWay = new RightOfWay()
  await vi.advanceTimersByTimeAsync(1_000)
  rightOfWay.begin()()
  const slices = await slicesIn(400, rightOfWay)
  // One each 2 ms, and at the beginning what would have been due in the 8 ms before.
  expect(slices).toBeGreaterThanOrEqual(198)
  expect(slices).toBeLessThanOrEqual(204)
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
    // The answer is written in what follows from the request's end.
    for (let step = 0; step < 10; step++) await Promise.resolve()
    order.push('its answer')
  }
  await bulk
  expect(order).toEqual(['urgent', 'its answer', 'urgent', 'its answer', 'bulk'])
})

test('while requests are under way all bulk work together keeps its pace too', async () => {
  const rightOfWay = new RightOfWay()
  await vi.advanceTimersByTimeAsync(1_000)
  const done = rightOfWay.begin()
  const slices = await slicesIn(400, rightOfWay)
  done()
  // None in the first 10 ms, which are the request's, and then one each 2 ms with what was due.
  expect(slices).toBeGreaterThanOrEqual(190)
  expect(slices).toBeLessThanOrEqual(204)
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

/** How many slices three uploads have their turn for, of all together. */
async function slicesIn(ms: number, rightOfWay: RightOfWay): Promise<number> {
  let slices = 0
  let going = true
  const upload = async () => {
    for (; going; slices++) await rightOfWay.giveWay()
  }
  const uploads = [upload(), upload(), upload()]
  for (let at = 0; at < ms; at++) await turnsAnd(1)
  going = false
  const seen = slices
  await vi.advanceTimersByTimeAsync(1_000)
  await Promise.all(uploads)
  return seen
}

/** Lets what is ready go on, then moves the time. */
async function turnsAnd(ms: number): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve))
  await vi.advanceTimersByTimeAsync(ms)
}
