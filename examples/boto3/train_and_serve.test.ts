import { fileURLToPath } from 'node:url'
import { type ServerProcess, startServerProcess } from '@sagebrush/dev-env'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { testVenv } from '../../tools/test/venv.ts'

const program = fileURLToPath(new URL('train_and_serve.py', import.meta.url))
let server: ServerProcess

beforeAll(async () => {
  server = await startServerProcess()
})
afterAll(() => server.close())

test('boto3 trains, serves and deletes', async () => {
  const python = await testVenv('sagemaker-sdk')
  const done = await server.sagebrush(['run', '--', python, program])
  expect(done.stderr).toBe('')
  expect(done.stdout).toContain('status: Completed')
  expect(done.stdout).toMatch(/log: test:accuracy=0\.9\d+/)
  expect(done.stdout).toMatch(/prediction: \['0', '2'\]/)
})
