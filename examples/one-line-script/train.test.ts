import { fileURLToPath } from 'node:url'
import { type ServerProcess, startServerProcess } from '@sagebrush/dev-env'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { testVenv } from '../../tools/test/venv.ts'

const program = fileURLToPath(new URL('train.py', import.meta.url))
let server: ServerProcess

beforeAll(async () => {
  server = await startServerProcess()
})
afterAll(() => server.close())

test('boto3 trains a one-line script: transitions, log line and model', async () => {
  const python = await testVenv('sagemaker-sdk')
  const done = await server.sagebrush(['run', '--', python, program])
  expect(done.stderr).toBe('')
  const job = JSON.parse(done.stdout)
  expect(job.status).toBe('Completed')
  expect(job.transitions).toEqual(['Starting', 'Downloading', 'Training', 'Uploading', 'Completed'])
  expect(job.log).toContain('hello from one line')
  expect(job.model).toBe('hello')
})
