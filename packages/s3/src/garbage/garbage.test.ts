import { utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openBlobs } from '@sagebrush/blobs-fs'
import { memoryStore } from '@sagebrush/store-kit'
import { expect, test } from 'vitest'
import { type BlobHooks, hookedBlobs } from '../testing/hooked-blobs.ts'
import { bytesOf, openTestS3 } from '../testing/test-s3.ts'

const adapters = { store: memoryStore, blobs: (root: string) => openBlobs({ root, fsync: false }) }
const hooked = (hooks: BlobHooks) => ({
  store: memoryStore,
  blobs: async (root: string) => hookedBlobs(await openBlobs({ root, fsync: false }), hooks),
})
const HOUR_MS = 60 * 60 * 1000

test('removes old bytes that nothing names, and what crashes left of uploads', async () => {
  await using t = await openTestS3(adapters, { garbageAgeMs: HOUR_MS })
  await t.call('CreateBucket', { Bucket: 'data' })
  await t.put('data', 'kept', 'kept')
  const { UploadId = '' } = await t.call('CreateMultipartUpload', { Bucket: 'data', Key: 'big' })
  await t.call('UploadPart', { Bucket: 'data', Key: 'big', UploadId, PartNumber: 1, Body: bytesOf('part') })
  const orphan = await t.blobs.create(bytesOf('orphan'))
  expect(await t.s3.collectGarbage()).toEqual({ blobs: 0, bytes: 0, rows: 0 })
  t.time = new Date(Date.now() + 2 * HOUR_MS)
  expect(await t.s3.collectGarbage()).toEqual({ blobs: 1, bytes: 6, rows: 0 })
  await expect(t.blobs.open(orphan.id)).rejects.toMatchObject({ name: 'BlobMissing' })
  expect(await t.get('data', 'kept')).toBe('kept')
  // A crash between the row of an upload and its parts.
  const uploads = t.store.collection({ name: 's3_uploads', index: {} })
  await uploads.remove({ account: '111122223333', region: 'aws-global' }, `data/${UploadId}`)
  expect(await t.s3.collectGarbage()).toEqual({ blobs: 0, bytes: 0, rows: 1 })
  expect(await t.blobCount()).toBe(1)
})

test('waits for a copy that has its bytes and not yet its row, however old the bytes are', async () => {
  const hooks: BlobHooks = {}
  await using t = await openTestS3(hooked(hooks), { garbageAgeMs: 0 })
  await t.call('CreateBucket', { Bucket: 'data' })
  await t.put('data', 'source', 'source')
  // Every blob is old enough to be taken.
  t.time = new Date(Date.now() + HOUR_MS)
  let collected: Promise<unknown> | undefined
  hooks.afterLink = async () => {
    collected = t.s3.collectGarbage()
    // Long enough for all that collection does before it has to wait for this copy.
    for await (const _ of t.blobs.each());
    for await (const _ of t.blobs.each());
  }
  await t.call('CopyObject', { Bucket: 'data', Key: 'copy', CopySource: 'data/source' })
  expect(await collected).toEqual({ blobs: 0, bytes: 0, rows: 0 })
  expect(await t.get('data', 'copy')).toBe('source')
})

test('takes no blob of copies and files that are stored meanwhile', async () => {
  await using t = await openTestS3(adapters, { garbageAgeMs: 0 })
  await t.call('CreateBucket', { Bucket: 'data' })
  await t.put('data', 'source', 'source')
  t.time = new Date(Date.now() + HOUR_MS)
  const writes: Promise<unknown>[] = []
  for (let round = 0; round < 30; round++) {
    writes.push(t.call('CopyObject', { Bucket: 'data', Key: `copy-${round}`, CopySource: 'data/source' }))
    const file = join(t.folder, `file-${round}`)
    await writeFile(file, `file ${round}`)
    await utimes(file, 1, 1)
    const scope = { account: '111122223333', region: 'us-east-1' }
    writes.push(t.s3.objects.putFile(scope, `s3://data/file-${round}`, file, 'text/plain'))
    writes.push(t.s3.collectGarbage())
  }
  await Promise.all(writes)
  for (let round = 0; round < 30; round++) {
    expect(await t.get('data', `copy-${round}`)).toBe('source')
    expect(await t.get('data', `file-${round}`)).toBe(`file ${round}`)
  }
  expect(await t.blobCount()).toBe(61)
})

test('a read that finds its bytes gone reads what is there now', async () => {
  const hooks: BlobHooks = {}
  await using t = await openTestS3(hooked(hooks))
  await t.call('CreateBucket', { Bucket: 'data' })
  await t.put('data', 'key', 'old')
  hooks.beforeOpen = async () => {
    hooks.beforeOpen = undefined
    await t.put('data', 'key', 'new')
  }
  expect(await t.get('data', 'key')).toBe('new')
  hooks.beforeOpen = async () => {
    hooks.beforeOpen = undefined
    await t.call('DeleteObject', { Bucket: 'data', Key: 'key' })
  }
  await expect(t.get('data', 'key')).rejects.toMatchObject({ name: 'NoSuchKey' })
})

test('readers never miss an object that is overwritten all the time', async () => {
  await using t = await openTestS3(adapters)
  await t.call('CreateBucket', { Bucket: 'data' })
  await t.put('data', 'key', 'version -1')
  let writing = true
  const writer = (async () => {
    for (let version = 0; version < 150; version++) await t.put('data', 'key', `version ${version}`)
    writing = false
  })()
  const reader = async () => {
    let reads = 0
    while (writing) {
      expect(await t.get('data', 'key')).toMatch(/^version -?\d+$/)
      reads++
    }
    return reads
  }
  const [, ...reads] = await Promise.all([writer, reader(), reader(), reader()])
  for (const count of reads) expect(count).toBeGreaterThan(10)
  expect(await t.get('data', 'key')).toBe('version 149')
  expect(await t.blobCount()).toBe(1)
})
