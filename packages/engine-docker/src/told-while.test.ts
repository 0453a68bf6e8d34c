import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { toldWhile } from './told-while.ts'

test('what takes long is told again and again, until it is over', async () => {
  const told: string[] = []
  const work = Promise.withResolvers<string>()
  const done = toldWhile(
    'Making it',
    (message) => told.push(message),
    () => work.promise,
    5,
  )
  expect(told).toEqual(['Making it'])
  await expect.poll(() => told.length).toBeGreaterThan(2)
  expect(told[1]).toMatch(/^Making it \(\d+ s\)$/)
  work.resolve('made')
  expect(await done).toBe('made')
  const before = told.length
  await delay(20)
  expect(told).toHaveLength(before)
})

test('what fails is told no further', async () => {
  const told: string[] = []
  const failing = toldWhile(
    'Making it',
    (message) => told.push(message),
    () => Promise.reject(new Error('no')),
    5,
  )
  await expect(failing).rejects.toThrow('no')
  await delay(20)
  expect(told).toEqual(['Making it'])
})
