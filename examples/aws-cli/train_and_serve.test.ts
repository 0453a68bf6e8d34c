import { fileURLToPath } from 'node:url'
import { pythonExample } from '@sagebrush/dev-env/python-example'
import { expect, test } from 'vitest'
import { awsCli2 } from '../../tools/test/aws-cli.ts'
import { requires } from '../../tools/test/requires.ts'

const script = fileURLToPath(new URL('train_and_serve.sh', import.meta.url))
const example = pythonExample()

function expectWholeStory(stdout: string) {
  expect(stdout).toMatch(/ code\/sourcedir\.tar\.gz\n/)
  expect(stdout).toMatch(/\nCompleted\n/)
  expect(stdout).toMatch(/test:accuracy=0\.9\d+/)
  expect(stdout).toMatch(/prediction: 0 2/)
}

/** In a shell that has other keys and a profile: what `env` prints must take them away. */
const foreign = { AWS_PROFILE: 'mine', AWS_ACCESS_KEY_ID: 'AKIAFOREIGN', AWS_SESSION_TOKEN: 'mine' }

test('version 1 under run', { timeout: 180_000 }, async () => {
  const done = await example.server.sagebrush(['run', '--', script], { PATH: example.path })
  expect(done.code, done.stderr).toBe(0)
  expectWholeStory(done.stdout)
})

test('version 1 after eval "$(sagebrush env)"', { timeout: 180_000 }, async () => {
  const done = await example.server.shell(`exec ${script}`, { ...foreign, PATH: example.path })
  expect(done.code, done.stderr).toBe(0)
  expectWholeStory(done.stdout)
})

test('version 2 under run', { timeout: 180_000 }, async (context) => {
  requires(context, 'aws-cli-2')
  const done = await example.server.sagebrush(['run', '--', script], { PATH: `${awsCli2()}:${process.env.PATH}` })
  expect(done.code, done.stderr).toBe(0)
  expectWholeStory(done.stdout)
})

test('version 2 after eval "$(sagebrush env)"', { timeout: 180_000 }, async (context) => {
  requires(context, 'aws-cli-2')
  const done = await example.server.shell(`exec ${script}`, { ...foreign, PATH: `${awsCli2()}:${process.env.PATH}` })
  expect(done.code, done.stderr).toBe(0)
  expectWholeStory(done.stdout)
})
