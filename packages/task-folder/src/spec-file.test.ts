import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TaskSpec } from '@sagebrush/core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readSpec, writeSpec } from './spec-file.ts'

const spec: TaskSpec = {
  id: 'task-1',
  scope: { account: '123456789012', region: 'us-east-1' },
  labels: {},
  image: { kind: 'managed', name: 'scikit-learn', version: '1.2', reason: '' },
  command: ['train'],
  environment: {},
  serverEnvironment: {},
  files: [],
  inputs: [],
  outputs: [],
  host: 'algo-1',
  hosts: ['algo-1'],
  group: 'g',
  serves: false,
}

let root: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'task-folder-'))
})
afterAll(async () => await rm(root, { recursive: true }))

test('is written once, whole, and read back', async () => {
  expect(await writeSpec(root, spec)).toBe(true)
  expect(await writeSpec(root, { ...spec, command: ['other'] })).toBe(false)
  expect((await readSpec(root, 'task-1'))?.spec).toEqual(spec)
  expect(await readSpec(root, 'task-2')).toBeUndefined()
})

test.each(['/', '/..', '/opt/ml', '/opt/ml/../x', '/opt/ml/a//b', '/opt/ml/a/', '/tmp/x', 'x', '/task-1/ml/model'])(
  'no engine takes a task with the path %s',
  async (path) => {
    const before = await readdir(root)
    const source = { kind: 'prefix', uri: 's3://b/' } as const
    for (const more of [
      { files: [{ path, content: '' }] },
      { inputs: [{ kind: 'objects', path, source } as const] },
      { outputs: [{ archive: 'a.tar.gz', path, always: false }] },
    ]) {
      await expect(writeSpec(root, { ...spec, id: 'other', ...more })).rejects.toThrow(`not a path of a task: ${path}`)
    }
    expect(await readdir(root)).toEqual(before)
  },
)
