import { createHash } from 'node:crypto'
import { openBlobs } from '@sagebrush/blobs-fs'
import { DiskFull } from '@sagebrush/core'
import { memoryStore } from '@sagebrush/store-kit'
import { expect, test } from 'vitest'
import { bytesOf, openTestS3, textOf } from '../testing/test-s3.ts'

const adapters = { store: memoryStore, blobs: (root: string) => openBlobs({ root, fsync: false }) }

test('keeps the bytes, their MD5 and what was said of them', async () => {
  await using t = await openTestS3(adapters)
  await t.call('CreateBucket', { Bucket: 'data' })
  const content = Buffer.from('sepal,petal\n5.1,1.4\n')
  const put = await t.call('PutObject', {
    Bucket: 'data',
    Key: 'a//b/../c',
    Body: bytesOf(content.subarray(0, 7), content.subarray(7)),
    ContentType: 'text/csv',
    ContentEncoding: 'gzip, aws-chunked',
    CacheControl: 'no-store',
    Metadata: { owner: 'müller' },
    Tagging: 'stage=raw&empty=',
    ServerSideEncryption: 'aws:kms',
    ChecksumAlgorithm: 'SHA256',
  })
  const etag = `"${createHash('md5').update(content).digest('hex')}"`
  expect(put).toEqual({
    ETag: etag,
    ChecksumSHA256: createHash('sha256').update(content).digest('base64'),
    ChecksumType: 'FULL_OBJECT',
    ServerSideEncryption: 'aws:kms',
  })
  const got = await t.call('GetObject', { Bucket: 'data', Key: 'a//b/../c', ChecksumMode: 'ENABLED' })
  expect(await textOf(got.Body)).toBe(content.toString())
  expect(got).toMatchObject({
    ContentType: 'text/csv',
    ContentEncoding: 'gzip',
    CacheControl: 'no-store',
    Metadata: { owner: 'müller' },
    TagCount: 2,
    ServerSideEncryption: 'aws:kms',
    ContentLength: content.length,
    ETag: etag,
    AcceptRanges: 'bytes',
    ChecksumSHA256: put.ChecksumSHA256,
  })
})

test('an object that is overwritten leaves one blob, and a reader under way goes on with the old bytes', async () => {
  await using t = await openTestS3(adapters)
  await t.call('CreateBucket', { Bucket: 'data' })
  await t.put('data', 'key', 'old')
  const underway = await t.call('GetObject', { Bucket: 'data', Key: 'key' })
  await t.put('data', 'key', 'new')
  expect(await t.get('data', 'key')).toBe('new')
  expect(await textOf(underway.Body)).toBe('old')
  expect(await t.blobCount()).toBe(1)
})

test('a body that breaks off changes nothing', async () => {
  await using t = await openTestS3(adapters)
  await t.call('CreateBucket', { Bucket: 'data' })
  await t.put('data', 'key', 'old')
  async function* broken(): AsyncIterable<Uint8Array> {
    yield Buffer.from('half')
    throw new Error('connection reset')
  }
  await expect(t.call('PutObject', { Bucket: 'data', Key: 'key', Body: broken() })).rejects.toThrow('connection reset')
  expect(await t.get('data', 'key')).toBe('old')
  expect(await t.blobCount()).toBe(1)
})

test('a full disk is told by 507, which no SDK sends again, and leaves the old object', async () => {
  await using t = await openTestS3(adapters)
  await t.call('CreateBucket', { Bucket: 'data' })
  await t.put('data', 'key', 'old')
  async function* tooMuch(): AsyncIterable<Uint8Array> {
    yield Buffer.from('half')
    throw new DiskFull('no space left on the device')
  }
  const put = t.call('PutObject', { Bucket: 'data', Key: 'key', Body: tooMuch() })
  await expect(put).rejects.toMatchObject({
    name: 'InsufficientStorage',
    status: 507,
    message: expect.stringContaining('nothing was stored. Free space'),
  })
  expect(await t.get('data', 'key')).toBe('old')
  expect(await t.blobCount()).toBe(1)
})
