import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
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

const script = (training: string) => `
import os
import sys

def model_fn(model_dir):
    raise ValueError("no such model")

if __name__ == "__main__":
    open(os.path.join(os.environ["SM_MODEL_DIR"], "model"), "w").close()
    ${training}
`

test.each([
  ['a job', script('sys.exit("the data is no good")'), 'the data is no good'],
  ['an endpoint', script('pass'), 'no such model'],
])('%s that fails ends it with its FailureReason', { timeout: 300_000 }, async (_what, code, reason) => {
  const folder = mkdtempSync(join(tmpdir(), 'example-boto3-'))
  try {
    for (const name of ['boto3', 'sklearn-script-mode'])
      cpSync(fileURLToPath(new URL(`../${name}`, import.meta.url)), join(folder, name), { recursive: true })
    writeFileSync(join(folder, 'sklearn-script-mode/code/train.py'), code)
    const copy = join(folder, 'boto3/train_and_serve.py')
    const done = await example.server.sagebrush(['run', '--', example.python, copy])
    expect(done.code).toBe(1)
    expect(done.stderr).toMatch(/^boto3-example-\d+ failed: /)
    expect(done.stderr).toContain(reason)
    expect(done.stderr).not.toContain('WaiterError')
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
