import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { Random, spread } from './random.ts'
import type { Report } from './scenario.ts'

const main = fileURLToPath(new URL('main.ts', import.meta.url))

/** The short form of `npm run chaos`; it leaves nothing behind, or says so. */
function chaos(
  ...args: readonly string[]
): Promise<{ readonly status: number; readonly said: string; readonly reports: readonly Report[] }> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [main, ...args, '--short', '--json'], (_error, stdout, stderr) => {
      const reports = stdout.split('\n').filter((line) => line.startsWith('{'))
      resolve({ status: child.exitCode ?? 128, said: stderr, reports: reports.map((line) => JSON.parse(line)) })
    })
  })
}

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
