import { utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openBlobs } from '@sagebrush/blobs-fs'
import { memoryStore } from '@sagebrush/store-kit'
import { expect, test } from 'vitest'
import { bytesOf, openTestS3 } from '../testing/test-s3.ts'

const adapters = { store: memoryStore, blobs: (root: string) => openBlobs({ root, fsync: false }) }
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

test('leaves the blobs of writes under way, however old their bytes are', async () => {
  await using t = await openTestS3(adapters, { garbageAgeMs: 0 })
  await t.call('CreateBucket', { Bucket: 'data' })
  await t.put('data', 'source', 'source')
  // Every blob is old enough, so only the hold protects copies and files that are taken over.
  t.time = new Date(Date.now() + HOUR_MS)
  const writes: Promise<unknown>[] = []
  const collections: Promise<unknown>[] = []
  for (let round = 0; round < 60; round++) {
    writes.push(t.call('CopyObject', { Bucket: 'data', Key: `copy-${round}`, CopySource: 'data/source' }))
    const file = join(t.folder, `file-${round}`)
    await writeFile(file, `file ${round}`)
    await utimes(file, 1, 1)
    const scope = { account: '111122223333', region: 'us-east-1' }
    writes.push(t.s3.objects.putFile(scope, `s3://data/file-${round}`, file, 'text/plain'))
    collections.push(t.s3.collectGarbage())
  }
  await Promise.all([...writes, ...collections])
  for (let round = 0; round < 60; round++) {
    expect(await t.get('data', `copy-${round}`)).toBe('source')
    expect(await t.get('data', `file-${round}`)).toBe(`file ${round}`)
  }
  expect(await t.blobCount()).toBe(121)
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
