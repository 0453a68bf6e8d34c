import { createHash } from 'node:crypto'
import { openBlobs } from '@sagebrush/blobs-fs'
import { memoryStore } from '@sagebrush/store-kit'
import { expect, test } from 'vitest'
import { bytesOf, openTestS3, type TestS3 } from '../testing/test-s3.ts'

const adapters = { store: memoryStore, blobs: (root: string) => openBlobs({ root, fsync: false }) }

async function withSource(): Promise<TestS3> {
  const t = await openTestS3(adapters)
  await t.call('CreateBucket', { Bucket: 'data' })
  await t.call('PutObject', {
    Bucket: 'data',
    Key: 'a b/ü+',
    Body: bytesOf('content'),
    ContentType: 'text/csv',
    Metadata: { origin: 'here' },
    Tagging: 'stage=raw',
    ChecksumAlgorithm: 'CRC32',
  })
  return t
}

const CopySource = '/data/a%20b/%C3%BC%2B'

test('a copy has the bytes, metadata and tags of its source, and outlives it', async () => {
  await using t = await withSource()
  await t.call('CreateBucket', { Bucket: 'other' })
  const copied = await t.call('CopyObject', { Bucket: 'other', Key: 'copy', CopySource })
  expect(copied.CopyObjectResult).toMatchObject({
    ETag: '"9a0364b9e99bb480dd25e1f0284c8555"',
    ChecksumCRC32: expect.any(String),
    ChecksumType: 'FULL_OBJECT',
  })
  await t.call('DeleteObject', { Bucket: 'data', Key: 'a b/ü+' })
  expect(await t.get('other', 'copy')).toBe('content')
  expect(await t.call('HeadObject', { Bucket: 'other', Key: 'copy' })).toMatchObject({
    ContentType: 'text/csv',
    Metadata: { origin: 'here' },
    TagCount: 1,
  })
})

test('directives replace metadata and tags', async () => {
  await using t = await withSource()
  await t.call('CopyObject', {
    Bucket: 'data',
    Key: 'copy',
    CopySource,
    MetadataDirective: 'REPLACE',
    TaggingDirective: 'REPLACE',
    Metadata: { fresh: 'yes' },
    CacheControl: 'no-cache',
    Tagging: 'a=1&b=2',
    ChecksumAlgorithm: 'SHA256',
  })
  const head = await t.call('HeadObject', { Bucket: 'data', Key: 'copy', ChecksumMode: 'ENABLED' })
  expect(head).toMatchObject({
    Metadata: { fresh: 'yes' },
    CacheControl: 'no-cache',
    ContentType: 'binary/octet-stream',
    TagCount: 2,
    ChecksumSHA256: createHash('sha256').update('content').digest('base64'),
  })
})

test('a copy is of the standard class whatever its source is, unless another is asked for', async () => {
  await using t = await openTestS3(adapters)
  await t.call('CreateBucket', { Bucket: 'data' })
  await t.call('PutObject', { Bucket: 'data', Key: 'rare', Body: bytesOf('x'), StorageClass: 'STANDARD_IA' })
  await t.call('CopyObject', { Bucket: 'data', Key: 'copy', CopySource: 'data/rare' })
  await t.call('CopyObject', { Bucket: 'data', Key: 'cold', CopySource: 'data/rare', StorageClass: 'GLACIER_IR' })
  const { Contents = [] } = await t.call('ListObjectsV2', { Bucket: 'data' })
  expect(Contents.map(({ Key, StorageClass }) => [Key, StorageClass])).toEqual([
    ['cold', 'GLACIER_IR'],
    ['copy', 'STANDARD'],
    ['rare', 'STANDARD_IA'],
  ])
})

test('a copy of what was uploaded in parts keeps its ETag, and its checksum unless another is asked for', async () => {
  await using t = await openTestS3(adapters)
  await t.call('CreateBucket', { Bucket: 'data' })
  const object = { Bucket: 'data', Key: 'parts' }
  const { UploadId = '' } = await t.call('CreateMultipartUpload', { ...object, ChecksumAlgorithm: 'SHA256' })
  const part = await t.call('UploadPart', { ...object, UploadId, PartNumber: 1, Body: bytesOf('content') })
  const Parts = [{ PartNumber: 1, ETag: part.ETag, ChecksumSHA256: part.ChecksumSHA256 }]
  const made = await t.call('CompleteMultipartUpload', { ...object, UploadId, MultipartUpload: { Parts } })
  const kept = { ETag: made.ETag, ChecksumSHA256: made.ChecksumSHA256, ChecksumType: 'COMPOSITE' }
  expect([made.ETag, made.ChecksumSHA256]).toEqual([expect.stringMatching(/-1"$/), expect.stringMatching(/-1$/)])
  const copy = { Bucket: 'data', Key: 'copy', CopySource: 'data/parts' }
  for (const asked of [copy, { ...copy, ChecksumAlgorithm: 'SHA256' as const }]) {
    expect((await t.call('CopyObject', asked)).CopyObjectResult).toMatchObject(kept)
    expect(await t.call('HeadObject', { Bucket: 'data', Key: 'copy', ChecksumMode: 'ENABLED' })).toMatchObject(kept)
  }
  const sha1 = createHash('sha1').update('content').digest('base64')
  expect((await t.call('CopyObject', { ...copy, ChecksumAlgorithm: 'SHA1' })).CopyObjectResult).toMatchObject({
    ETag: made.ETag,
    ChecksumSHA1: sha1,
    ChecksumType: 'FULL_OBJECT',
  })
})

test('onto itself it must change something', async () => {
  await using t = await withSource()
  const itself = { Bucket: 'data', Key: 'a b/ü+', CopySource }
  await expect(t.call('CopyObject', itself)).rejects.toMatchObject({ name: 'InvalidRequest' })
  await t.call('CopyObject', { ...itself, MetadataDirective: 'REPLACE', ContentType: 'text/plain' })
  expect(await t.get('data', 'a b/ü+')).toBe('content')
  expect((await t.call('HeadObject', itself)).ContentType).toBe('text/plain')
  expect(await t.blobCount()).toBe(1)
})

test.each([
  ['If-Match', { CopySourceIfMatch: '"x"' }],
  ['If-None-Match', { CopySourceIfNoneMatch: '*' }],
  ['If-Unmodified-Since', { CopySourceIfUnmodifiedSince: new Date(0) }],
  ['If-Modified-Since', { CopySourceIfModifiedSince: new Date('2999-01-01') }],
])('the condition %s of the source is named as the header that failed', async (condition, failing) => {
  await using t = await withSource()
  const copy = t.call('CopyObject', { Bucket: 'data', Key: 'copy', CopySource, ...failing })
  await expect(copy).rejects.toMatchObject({
    name: 'PreconditionFailed',
    members: { Condition: `x-amz-copy-source-${condition}` },
  })
})

test('conditions on the source and on the target', async () => {
  await using t = await withSource()
  const copy = { Bucket: 'data', Key: 'copy', CopySource }
  const failed = { name: 'PreconditionFailed', status: 412 }
  await expect(t.call('CopyObject', { ...copy, CopySourceIfMatch: '"x"' })).rejects.toMatchObject(failed)
  const CopySourceIfNoneMatch = '"9a0364b9e99bb480dd25e1f0284c8555"'
  await expect(t.call('CopyObject', { ...copy, CopySourceIfNoneMatch })).rejects.toMatchObject(failed)
  const CopySourceIfModifiedSince = new Date(Date.now() + 60_000)
  await expect(t.call('CopyObject', { ...copy, CopySourceIfModifiedSince })).rejects.toMatchObject(failed)
  const other = { ...copy, ExpectedSourceBucketOwner: '999999999999' }
  await expect(t.call('CopyObject', other)).rejects.toMatchObject({ name: 'AccessDenied', status: 403 })
  await t.call('CopyObject', { ...copy, IfNoneMatch: '*', ExpectedSourceBucketOwner: '111122223333' })
  await expect(t.call('CopyObject', { ...copy, IfNoneMatch: '*' })).rejects.toMatchObject(failed)
  expect(await t.blobCount()).toBe(2)
})

test.each([
  ['InvalidArgument', 'data'],
  ['InvalidArgument', 'data/%zz'],
  ['InvalidArgument', 'data/a?versionId=123'],
  ['NoSuchKey', 'data/none?versionId=null'],
  ['NoSuchBucket', 'none/key'],
  ['NotImplemented', 'arn:aws:s3:us-east-1:111122223333:accesspoint/point/object/key'],
])('answers %s to the source %s', async (name, source) => {
  await using t = await withSource()
  await expect(t.call('CopyObject', { Bucket: 'data', Key: 'copy', CopySource: source })).rejects.toMatchObject({
    name,
  })
})
