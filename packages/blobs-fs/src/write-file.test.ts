import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest'
import { BulkStream } from './bulk-stream.ts'
import { BulkThread } from './bulk-thread.ts'
import { writeFrom } from './write-file.ts'

const MIB = 1024 * 1024
let root = ''
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'write-'))
})
afterEach(() => rm(root, { recursive: true }))

/** 33 MiB, of which the disk is asked to take the first 32 while the last comes. */
async function* large(end?: Error): AsyncIterable<Uint8Array> {
  for (let mib = 0; mib < 33; mib++) yield new Uint8Array(MIB)
  if (end) throw end
}

/** Writes `source` to a file whose first sync ends when, and as, the test says. */
async function begin(source: AsyncIterable<Uint8Array>) {
  const file = await open(join(root, 'file'), 'wx')
  const asked = Promise.withResolvers<void>()
  const sync = Promise.withResolvers<void>()
  file.datasync = () => {
    asked.resolve()
    return sync.promise
  }
  const bulk = new BulkStream(new BulkThread(), [], file)
  let settled = false
  const written = writeFrom(source, file, bulk, { sync: true, giveWay: async () => {} }).finally(() => {
    settled = true
  })
  written.catch(() => {})
  onTestFinished(async () => {
    await bulk.drop()
    await file.close()
  })
  await asked.promise
  return { sync, written, isSettled: () => settled }
}

test('what was written is not closed before the disk has answered', async () => {
  const { sync, written, isSettled } = await begin(large())
  await new Promise((resolve) => setTimeout(resolve, 300))
  expect(isSettled()).toBe(false)
  sync.resolve()
  expect(await written).toBe(33 * MIB)
})

test('a disk that fails after the last byte fails the write', async () => {
  const { sync, written } = await begin(large())
  await new Promise((resolve) => setTimeout(resolve, 300))
  sync.reject(Object.assign(new Error('no space'), { code: 'ENOSPC' }))
  await expect(written).rejects.toThrow('no space')
})

test('a source that breaks off is told only once the disk has answered', async () => {
  const { sync, written, isSettled } = await begin(large(new Error('broke off')))
  await new Promise((resolve) => setTimeout(resolve, 300))
  expect(isSettled()).toBe(false)
  sync.resolve()
  await expect(written).rejects.toThrow('broke off')
})
