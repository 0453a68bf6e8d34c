import { fileURLToPath } from 'node:url'
import type { Finished } from '@sagebrush/dev-env'
import { pythonExample } from '@sagebrush/dev-env/python-example'
import { expect, test } from 'vitest'

const program = fileURLToPath(new URL('train.py', import.meta.url))
const example = pythonExample()

function expectWholeStory(done: Finished) {
  expect(done.stderr).toBe('')
  const job = JSON.parse(done.stdout)
  expect(job.status).toBe('Completed')
  expect(job.transitions).toEqual(['Starting', 'Downloading', 'Training', 'Uploading', 'Completed'])
  expect(job.log).toContain('hello from one line')
  expect(job.model).toBe('hello')
}

test('boto3 trains a one-line script: transitions, log line and model', { timeout: 300_000 }, async () => {
  expectWholeStory(await example.server.sagebrush(['run', '--', example.python, program]))
})

test('the same after eval "$(sagebrush env)"', { timeout: 300_000 }, async () => {
  expectWholeStory(await example.server.shell(`exec "${example.python}" "${program}"`))
})
