import { fileURLToPath } from 'node:url'
import type { Finished } from '@sagebrush/dev-env'
import { pythonExample } from '@sagebrush/dev-env/python-example'
import { expect, test } from 'vitest'

const program = fileURLToPath(new URL('train_and_serve.py', import.meta.url))
const example = pythonExample()

function expectWholeStory(done: Finished) {
  expect(done.stderr).toBe('')
  expect(done.stdout).toContain('status: Completed')
  expect(done.stdout).toMatch(/log: test:accuracy=0\.9\d+/)
  expect(done.stdout).toMatch(/prediction: \['0', '2'\]/)
}

test('boto3 trains, serves and deletes, under run', { timeout: 300_000 }, async () => {
  expectWholeStory(await example.server.sagebrush(['run', '--', example.python, program]))
})

test('the same after eval "$(sagebrush env)"', { timeout: 300_000 }, async () => {
  expectWholeStory(await example.server.shell(`exec "${example.python}" "${program}"`))
})
