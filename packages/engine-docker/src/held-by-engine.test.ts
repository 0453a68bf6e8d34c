import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { heldByEngine } from './held-by-engine.ts'

test('what an engine takes long for is told, until it is over', async () => {
  const told: (string | undefined)[] = []
  const work = Promise.withResolvers<string>()
  const done = heldByEngine((message) => told.push(message), work.promise, 5)
  expect(told).toEqual([])
  await expect.poll(() => told.length).toBeGreaterThan(1)
  expect(told[0]).toMatch(/^The container engine is busy with something else: it has been waited for \d+ s$/)
  work.resolve('made')
  expect(await done).toBe('made')
  expect(told.at(-1)).toBeUndefined()
  const before = told.length
  await delay(20)
  expect(told).toHaveLength(before)
})

test('what it does soon is not told', async () => {
  const told: (string | undefined)[] = []
  expect(await heldByEngine((message) => told.push(message), Promise.resolve('made'))).toBe('made')
  expect(told).toEqual([])
})
