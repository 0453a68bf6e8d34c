import { fileURLToPath } from 'node:url'
import { type Finished, type ServerProcess, startServerProcess } from '@sagebrush/dev-env'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { lacking, requires } from '../../tools/test/requires.ts'
import { testVenv } from '../../tools/test/venv.ts'

const program = fileURLToPath(new URL('train_and_serve.py', import.meta.url))
let server: ServerProcess
let python: string

beforeEach((context) => requires(context, 'sagemaker-sdk'))
beforeAll(async () => {
  if (lacking('sagemaker-sdk')) return
  python = await testVenv('sagemaker-sdk')
  server = await startServerProcess()
}, 600_000)
afterAll(() => server?.close())

function expectWholeStory(done: Finished) {
  expect(done.stderr).toBe('')
  expect(done.stdout).toContain('status: Completed')
  expect(done.stdout).toMatch(/log: test:accuracy=0\.9\d+/)
  expect(done.stdout).toMatch(/prediction: \['0', '2'\]/)
}

test('boto3 trains, serves and deletes, under run', { timeout: 300_000 }, async () => {
  expectWholeStory(await server.sagebrush(['run', '--', python, program]))
})

test('the same after eval "$(sagebrush env)"', { timeout: 300_000 }, async () => {
  expectWholeStory(await server.shell(`exec "${python}" "${program}"`))
})
