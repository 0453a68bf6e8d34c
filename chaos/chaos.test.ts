import { expect, test } from 'vitest'
import { Random, spread } from './random.ts'
import { chaos } from './short-form.ts'

test('a server that is killed in every phase loses nothing', { timeout: 300_000 }, async () => {
  const { status, said, reports } = await chaos('server', '--kills', '6')
  expect(reports[0]?.failures, said).toEqual([])
  const once = { staging: 1, running: 1, uploading: 1, deploying: 1, updating: 1, invoking: 1 }
  expect(reports[0]?.histogram).toEqual(once)
  expect(status).toBe(0)
})

test('killed commands and supervisors fail their jobs in words, killed instances are replaced', {
  timeout: 300_000,
}, async () => {
  const { status, said, reports } = await chaos('tasks', '--kills', '3')
  expect(reports[0]?.failures, said).toEqual([])
  expect(reports[0]?.histogram).toMatchObject({ command: 1, supervisor: 1, instance: 1 })
  expect(status).toBe(0)
})

test('a seed decides the plan, which has every kind about as often', () => {
  const plan = (seed: number) => spread(['a', 'b', 'c'], 11, new Random(seed))
  expect(plan(7)).toEqual(plan(7))
  expect(plan(7)).not.toEqual(plan(8))
  const counts = ['a', 'b', 'c'].map((kind) => plan(7).filter((each) => each === kind).length)
  expect(counts.toSorted()).toEqual([3, 4, 4])
})

test('what is not known is refused with the usage', async () => {
  const { status, said } = await chaos('servers')
  expect([status, said]).toEqual([2, expect.stringContaining('There is no scenario named servers.')])
})

test('a scenario of another engine that is asked for by name does not pass in silence', async () => {
  const { status, said } = await chaos('dockerd', '--engine', 'process')
  expect([status, said]).toEqual([1, 'dockerd: not run: it is for the docker engine alone\n'])
})
