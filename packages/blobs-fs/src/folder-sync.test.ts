import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { FolderSync } from './folder-sync.ts'

let folder: string
/** The syncs that were begun, each to be ended by the test. */
let syncs: (() => void)[] = []
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sync-'))
  syncs = []
  const handle = await open(folder, 'r')
  const prototype = Object.getPrototypeOf(handle) as FileHandle
  await handle.close()
  vi.spyOn(prototype, 'sync').mockImplementation(() => new Promise<void>((resolve) => syncs.push(resolve)))
})
afterEach(async () => {
  vi.restoreAllMocks()
  await rm(folder, { recursive: true })
})

test('who comes while a folder is being synced waits for a sync that begins after that', async () => {
  const sync = new FolderSync(true)
  const done: string[] = []
  const ask = (name: string) => sync.sync(folder).then(() => done.push(name))
  const first = ask('first')
  await expect.poll(() => syncs.length).toBe(1)
  const [second, third] = [ask('second'), ask('third')]
  syncs[0]?.()
  await first
  await expect.poll(() => syncs.length).toBe(2)
  expect(done).toEqual(['first'])
  syncs[1]?.()
  await Promise.all([second, third])
  // Both by one sync.
  expect([done, syncs.length]).toEqual([['first', 'second', 'third'], 2])
})
