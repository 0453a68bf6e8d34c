import { fileURLToPath } from 'node:url'
import { type Finished, type ServerProcess, startServerProcess } from '@sagebrush/dev-env'
import { afterAll, beforeAll, expect, test } from 'vitest'

const program = fileURLToPath(new URL('train-and-serve.ts', import.meta.url))
let server: ServerProcess

beforeAll(async () => {
  server = await startServerProcess()
}, 60_000)
afterAll(() => server.close())

function expectWholeStory(done: Finished) {
  expect(done.code, done.stderr).toBe(0)
  const outcome = JSON.parse(done.stdout.trim().split('\n').at(-1) ?? '')
  expect(outcome.metrics['test:accuracy']).toBeGreaterThan(0.9)
  expect(outcome.predictions).toHaveLength(30)
  expect(new Set(outcome.predictions)).toEqual(new Set(['0', '1', '2']))
}

test('the AWS SDK for JavaScript trains, serves and deletes, under run', { timeout: 300_000 }, async () => {
  expectWholeStory(await server.sagebrush(['run', '--', process.execPath, program]))
})

test('the same after eval "$(sagebrush env)"', { timeout: 300_000 }, async () => {
  expectWholeStory(await server.shell(`exec "${process.execPath}" "${program}"`))
})
