import { openBlobs } from '@sagebrush/blobs-fs'
import { memoryStore } from '@sagebrush/store-kit'
import { expect, test } from 'vitest'
import { openTestS3, type TestS3, textOf } from '../testing/test-s3.ts'

const adapters = { store: memoryStore, blobs: (root: string) => openBlobs({ root, fsync: false }) }

async function withObject(): Promise<TestS3> {
  const t = await openTestS3(adapters)
  await t.call('CreateBucket', { Bucket: 'data' })
  t.time = new Date('2026-03-01T12:00:00.700Z')
  await t.put('data', 'key', '0123456789')
  return t
}

const object = { Bucket: 'data', Key: 'key' }
const etag = '"781e5e245d69b566979b86e28d23f2c7"'

test.each([
  ['bytes=0-3', '0123', 'bytes 0-3/10'],
  ['bytes=7-', '789', 'bytes 7-9/10'],
  ['bytes=-4', '6789', 'bytes 6-9/10'],
  ['bytes=-40', '0123456789', 'bytes 0-9/10'],
  ['bytes=8-99', '89', 'bytes 8-9/10'],
])('the range %s', async (Range, content, ContentRange) => {
  await using t = await withObject()
  const got = await t.call('GetObject', { ...object, Range })
  expect(await textOf(got.Body)).toBe(content)
  expect(got).toMatchObject({ ContentRange, ContentLength: content.length })
  const head = await t.call('HeadObject', { ...object, Range })
  expect(head).toMatchObject({ ContentRange, ContentLength: content.length, ETag: etag })
})

test.each(['bytes=5-2', 'lines=1-2', 'bytes=0-1,4-5', 'bytes=-'])('answers %s with the whole object', async (Range) => {
  await using t = await withObject()
  const got = await t.call('GetObject', { ...object, Range })
  expect(await textOf(got.Body)).toBe('0123456789')
  expect(got.ContentRange).toBeUndefined()
})

test('a range outside the object is a 416 that tells the size', async () => {
  await using t = await withObject()
  for (const Range of ['bytes=10-', 'bytes=-0']) {
    await expect(t.call('GetObject', { ...object, Range })).rejects.toMatchObject({
      name: 'InvalidRange',
      status: 416,
      members: { ActualObjectSize: 10, RangeRequested: Range },
    })
  }
  await expect(t.call('GetObject', { ...object, PartNumber: 2 })).rejects.toMatchObject({ status: 416 })
  await expect(t.call('GetObject', { ...object, PartNumber: 1, Range: 'bytes=0-1' })).rejects.toMatchObject({
    name: 'InvalidRequest',
  })
})

const before = new Date('2026-03-01T11:59:59Z')
const same = new Date('2026-03-01T12:00:00Z')

test.each([
  [{ IfMatch: etag }, 200],
  [{ IfMatch: '"other", W/"781e5e245d69b566979b86e28d23f2c7"' }, 200],
  [{ IfMatch: '*' }, 200],
  [{ IfMatch: '"other"' }, 412],
  [{ IfNoneMatch: etag }, 304],
  [{ IfNoneMatch: '"other"' }, 200],
  [{ IfModifiedSince: same }, 304],
  [{ IfModifiedSince: before }, 200],
  [{ IfUnmodifiedSince: same }, 200],
  [{ IfUnmodifiedSince: before }, 412],
  [{ IfMatch: etag, IfUnmodifiedSince: before }, 200],
  [{ IfNoneMatch: '"other"', IfModifiedSince: same }, 200],
  [{ IfNoneMatch: etag, IfModifiedSince: before }, 304],
])('the condition %j is answered %i', async (condition, status) => {
  await using t = await withObject()
  const get = t.call('GetObject', { ...object, ...condition })
  const head = t.call('HeadObject', { ...object, ...condition })
  if (status === 200) {
    expect(await head).toMatchObject({ ETag: etag, LastModified: same })
    expect(await textOf((await get).Body)).toBe('0123456789')
  } else {
    await expect(head).rejects.toMatchObject({ status })
    await expect(get).rejects.toMatchObject({ status })
  }
})

test('a write with If-None-Match: * succeeds for one of many', async () => {
  await using t = await withObject()
  const attempts = Array.from({ length: 8 }, (_, index) =>
    t.call('PutObject', { Bucket: 'data', Key: 'lock', IfNoneMatch: '*', Metadata: { holder: String(index) } }),
  )
  const ended = await Promise.allSettled(attempts)
  expect(ended.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
  const failed = ended.flatMap((end) => (end.status === 'rejected' ? [end.reason] : []))
  expect(failed.map(({ name, status }) => `${name} ${status}`)).toEqual(Array(7).fill('PreconditionFailed 412'))
  expect(await t.blobCount()).toBe(2)
  await expect(t.call('PutObject', { ...object, IfMatch: '"other"' })).rejects.toMatchObject({ status: 412 })
  await expect(t.call('PutObject', { ...object, Key: 'none', IfMatch: etag })).rejects.toMatchObject({
    name: 'NoSuchKey',
  })
  await t.call('PutObject', { ...object, IfMatch: etag })
  expect(await t.get('data', 'key')).toBe('')
})

test('response-* parameters outrank what is stored', async () => {
  await using t = await withObject()
  const got = await t.call('GetObject', {
    ...object,
    ResponseContentType: 'text/x-r',
    ResponseContentDisposition: 'attachment',
    ResponseExpires: same,
  })
  expect(got).toMatchObject({
    ContentType: 'text/x-r',
    ContentDisposition: 'attachment',
    Expires: 'Sun, 01 Mar 2026 12:00:00 GMT',
  })
  expect(await textOf(got.Body)).toBe('0123456789')
})

test('what is missing is named', async () => {
  await using t = await withObject()
  await expect(t.get('data', 'none')).rejects.toMatchObject({
    name: 'NoSuchKey',
    status: 404,
    members: { Key: 'none' },
  })
  await expect(t.get('none', 'key')).rejects.toMatchObject({
    name: 'NoSuchBucket',
    status: 404,
    members: { BucketName: 'none' },
  })
  await expect(t.call('HeadObject', { ...object, ExpectedBucketOwner: '999999999999' })).rejects.toMatchObject({
    name: 'AccessDenied',
    status: 403,
  })
  await expect(t.call('GetObject', { ...object, VersionId: 'x1' })).rejects.toMatchObject({ name: 'InvalidArgument' })
})

test.each([
  ['KeyTooLongError', { Key: 'ü'.repeat(513) }],
  ['EntityTooLarge', { Key: 'k', ContentLength: 5 * 1024 ** 3 + 1 }],
  ['MetadataTooLarge', { Key: 'k', Metadata: { a: 'x'.repeat(2048) } }],
  ['InvalidStorageClass', { Key: 'k', StorageClass: 'DEEP_ARCHIVE' as const }],
  ['NotImplemented', { Key: 'k', SSECustomerAlgorithm: 'AES256' }],
  ['NotImplemented', { Key: 'k', WriteOffsetBytes: 3 }],
  ['AccessControlListNotSupported', { Key: 'k', ACL: 'public-read' as const }],
  ['InvalidRequest', { Key: 'k', ObjectLockMode: 'COMPLIANCE' as const }],
  ['InvalidRequest', { Key: 'k', ChecksumXXHASH3: 'AAAA' }],
  ['InvalidTag', { Key: 'k', Tagging: 'a=1&a=2' }],
  ['BadRequest', { Key: 'k', Tagging: Array.from({ length: 11 }, (_, i) => `k${i}=v`).join('&') }],
  ['InvalidArgument', { Key: 'k', SSEKMSKeyId: 'key-1' }],
])('refuses by %s: %o', async (name, input) => {
  await using t = await withObject()
  await expect(t.call('PutObject', { Bucket: 'data', ...input })).rejects.toMatchObject({ name })
  expect(await t.blobCount()).toBe(1)
})

test.each(['GLACIER', 'DEEP_ARCHIVE'] as const)(
  'refuses the class %s by name, with those that are there',
  async (one) => {
    await using t = await withObject()
    await expect(t.call('PutObject', { Bucket: 'data', Key: 'k', StorageClass: one })).rejects.toThrow(
      `The storage class you specified is not valid. ${one} is not there, for nothing could be restored from it: use one of STANDARD, REDUCED_REDUNDANCY, STANDARD_IA, ONEZONE_IA, INTELLIGENT_TIERING, GLACIER_IR.`,
    )
  },
)

test('deletes one and many; what is not there is no error', async () => {
  await using t = await withObject()
  for (const key of ['a', 'a/b', '//', '..', 'x/']) await t.put('data', key, key)
  await expect(t.call('DeleteObject', { ...object, IfMatch: '"other"' })).rejects.toMatchObject({ status: 412 })
  await t.call('DeleteObject', object)
  await t.call('DeleteObject', object)
  const Objects = ['a', '//', 'none', 'k'.repeat(1025)].map((Key) => ({ Key }))
  const loud = await t.call('DeleteObjects', { Bucket: 'data', Delete: { Objects } })
  expect(loud.Deleted?.map(({ Key }) => Key)).toEqual(['a', '//', 'none'])
  expect(loud.Errors).toEqual([{ Key: 'k'.repeat(1025), Code: 'KeyTooLongError', Message: 'Your key is too long' }])
  const quiet = await t.call('DeleteObjects', { Bucket: 'data', Delete: { Objects: [{ Key: '..' }], Quiet: true } })
  expect(quiet).toEqual({ Errors: [] })
  const left = await t.call('ListObjectsV2', { Bucket: 'data' })
  expect(left.Contents?.map(({ Key }) => Key)).toEqual(['a/b', 'x/'])
  expect(await t.get('data', 'a/b')).toBe('a/b')
  expect(await t.blobCount()).toBe(2)
  await expect(t.call('DeleteObjects', { Bucket: 'data', Delete: { Objects: [] } })).rejects.toMatchObject({
    name: 'MalformedXML',
  })
})

test.each([
  [{ IfMatchSize: 9 }, 'x-amz-if-match-size'],
  [{ IfMatchLastModifiedTime: before }, 'x-amz-if-match-last-modified-time'],
])('deletes nothing where %j does not hold', async (condition, Condition) => {
  await using t = await withObject()
  await expect(t.call('DeleteObject', { ...object, ...condition })).rejects.toMatchObject({
    name: 'PreconditionFailed',
    members: { Condition },
  })
  expect(await t.blobCount()).toBe(1)
  await t.call('DeleteObject', { ...object, IfMatchSize: 10, IfMatchLastModifiedTime: same })
  expect(await t.blobCount()).toBe(0)
})

test('tags are read, replaced and taken away without touching the object', async () => {
  await using t = await withObject()
  await t.call('PutObjectTagging', { ...object, Tagging: { TagSet: [{ Key: 'stage', Value: 'raw' }] } })
  expect((await t.call('GetObjectTagging', object)).TagSet).toEqual([{ Key: 'stage', Value: 'raw' }])
  expect(await t.call('HeadObject', object)).toMatchObject({ TagCount: 1, ETag: etag, LastModified: same })
  await t.call('DeleteObjectTagging', object)
  expect((await t.call('GetObjectTagging', object)).TagSet).toEqual([])
  await expect(t.call('GetObjectTagging', { ...object, Key: 'none' })).rejects.toMatchObject({ name: 'NoSuchKey' })
})
