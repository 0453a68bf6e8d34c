import { lstat, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readJson, replaceJson } from './json-file.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'json-file-'))
})
afterEach(() => rm(folder, { recursive: true }))

test('is replaced whole, and only its user can read it', async () => {
  const path = join(folder, 'a.json')
  for (const value of [{ key: 'secret' }, [1]]) {
    await replaceJson(path, value)
    expect(await readJson(path)).toEqual(value)
    expect((await lstat(path)).mode & 0o777).toBe(0o600)
  }
  expect(await readdir(folder)).toEqual(['a.json'])
})

test('is absent where it is not there, or its folder is a file; what cannot be read is told', async () => {
  await writeFile(join(folder, 'file'), '{')
  expect(await readJson(join(folder, 'none.json'))).toBeUndefined()
  expect(await readJson(join(folder, 'file', 'a.json'))).toBeUndefined()
  await expect(readJson(join(folder, 'file'))).rejects.toThrow(SyntaxError)
  await expect(readJson(folder)).rejects.toThrow('EISDIR')
})
