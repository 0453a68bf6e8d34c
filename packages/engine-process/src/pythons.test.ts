import { execFile } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { findPythons } from './pythons.ts'

const run = promisify(execFile)
const searchPath = process.env.PATH ?? ''

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pythons-'))
})
afterEach(async () => await rm(folder, { recursive: true, force: true }))

test.each(['--symlinks', '--copies'])('a virtual environment (%s) first on PATH changes nothing', async (how) => {
  const without = await findPythons(searchPath)
  const complete = without.find(({ missing }) => missing.length === 0)
  if (!complete) throw new Error('no Python with venv here')
  const venv = join(folder, 'venv')
  await run(complete.path, ['-m', 'venv', '--without-pip', how, venv])
  const found = await findPythons(`${venv}/bin:${searchPath}`)
  expect(found[0]).toEqual(complete)
  expect(found.toSorted((a, b) => a.path.localeCompare(b.path))).toEqual(
    without.toSorted((a, b) => a.path.localeCompare(b.path)),
  )
  expect(await realpath(complete.path)).toBe(complete.path)
})

/** A python3 that notes each question and hands it on. */
async function counting() {
  const [python] = await findPythons(searchPath)
  if (!python) throw new Error('no Python here')
  const [bin, asked, memory] = ['bin', 'asked', 'cache/pythons.json'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ]
  await mkdir(bin)
  await writeFile(join(bin, 'python3'), `#!/bin/sh\necho asked >> ${asked}\nexec ${python.path} "$@"\n`)
  await chmod(join(bin, 'python3'), 0o755)
  return {
    bin,
    memory,
    python,
    find: () => findPythons(bin, memory),
    times: async () => (await readFile(asked, 'utf8')).split('\n').length - 1,
  }
}

test('the answer is remembered until a folder on PATH changes', async () => {
  const { bin, memory, python, find, times } = await counting()
  expect(await find()).toEqual([python])
  expect(await find()).toEqual([python])
  expect(await times()).toBe(1)
  await symlink('python3', join(bin, 'python3.12'))
  expect(await find()).toEqual([python])
  expect(await times()).toBe(3)
  expect(await findPythons(`/nonexistent:${bin}`, memory)).toEqual([python])
  expect(await times()).toBe(5)
})

test('and until an interpreter changes; a memory that is broken is not believed', async () => {
  const { memory, python, find, times } = await counting()
  await find()
  const kept = JSON.parse(await readFile(memory, 'utf8'))
  expect(kept.times[python.path]).toBeGreaterThan(0)
  const older = { ...kept, times: { ...kept.times, [python.path]: 1 } }
  for (const text of [
    '{"format"',
    '[]',
    'null',
    '{"format":1,"key":"","pythons":[{}],"times":{}}',
    JSON.stringify(older),
  ]) {
    const before = await times()
    await writeFile(memory, text)
    expect(await find()).toEqual([python])
    expect(await times()).toBe(before + 1)
    expect(JSON.parse(await readFile(memory, 'utf8'))).toEqual(kept)
  }
})
