import { fileURLToPath } from 'node:url'
import { type Finished, type ServerProcess, startServerProcess } from '@sagebrush/dev-env'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { lacking, requires } from '../../tools/test/requires.ts'
import { testVenv } from '../../tools/test/venv.ts'

const program = fileURLToPath(new URL('train.py', import.meta.url))
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
  const job = JSON.parse(done.stdout)
  expect(job.status).toBe('Completed')
  expect(job.transitions).toEqual(['Starting', 'Downloading', 'Training', 'Uploading', 'Completed'])
  expect(job.log).toContain('hello from one line')
  expect(job.model).toBe('hello')
}

test('boto3 trains a one-line script: transitions, log line and model', { timeout: 300_000 }, async () => {
  expectWholeStory(await server.sagebrush(['run', '--', python, program]))
})

test('the same after eval "$(sagebrush env)"', { timeout: 300_000 }, async () => {
  expectWholeStory(await server.shell(`exec "${python}" "${program}"`))
})
