import { createHash, randomBytes } from 'node:crypto'
import { openBlobs } from '@sagebrush/blobs-fs'
import { memoryStore } from '@sagebrush/store-kit'
import { expect, test } from 'vitest'
import { bytesOf, openTestS3, type TestS3, textOf } from '../testing/test-s3.ts'

const adapters = { store: memoryStore, blobs: (root: string) => openBlobs({ root, fsync: false }) }

const MiB = 1024 ** 2
const object = { Bucket: 'data', Key: 'big' }

async function withUpload(extra: object = {}): Promise<{ t: TestS3; UploadId: string }> {
  const t = await openTestS3(adapters)
  await t.call('CreateBucket', { Bucket: 'data' })
  const { UploadId = '' } = await t.call('CreateMultipartUpload', {
    ...object,
    ContentType: 'text/csv',
    Metadata: { a: '1' },
    Tagging: 'x=y',
    ...extra,
  })
  return { t, UploadId }
}

async function upload(t: TestS3, UploadId: string, PartNumber: number, content: Uint8Array | string) {
  const { ETag, ...answer } = await t.call('UploadPart', { ...object, UploadId, PartNumber, Body: bytesOf(content) })
  if (ETag === undefined) throw new Error('a part without an ETag')
  return { PartNumber, ETag, ...answer }
}

const md5 = (bytes: Uint8Array) => createHash('md5').update(bytes).digest()

test('parts become one object with the ETag of S3, its metadata and its parts', async () => {
  const { t, UploadId } = await withUpload()
  await using _ = t
  const [one, two] = [randomBytes(5 * MiB), randomBytes(1000)]
  const second = await upload(t, UploadId, 9, two)
  const first = await upload(t, UploadId, 2, one)
  const Parts = [first, second]
  const done = await t.call('CompleteMultipartUpload', { ...object, UploadId, MultipartUpload: { Parts } })
  const etag = `"${md5(Buffer.concat([md5(one), md5(two)])).toString('hex')}-2"`
  expect(done).toMatchObject({ ETag: etag, Bucket: 'data', Key: 'big', Location: expect.stringContaining('/data/big') })
  const got = await t.call('GetObject', object)
  const chunks: Uint8Array[] = []
  for await (const chunk of got.Body ?? []) chunks.push(chunk)
  expect(md5(Buffer.concat(chunks))).toEqual(md5(Buffer.concat([one, two])))
  expect(got).toMatchObject({ ETag: etag, ContentType: 'text/csv', Metadata: { a: '1' }, TagCount: 1 })
  const part = await t.call('GetObject', { ...object, PartNumber: 2 })
  expect(part).toMatchObject({ PartsCount: 2, ContentRange: `bytes ${5 * MiB}-${5 * MiB + 999}/${5 * MiB + 1000}` })
  expect(await textOf(part.Body)).toBe(two.toString())
  // Nothing is left but the one blob, and a client that lost the answer is told the same.
  expect(await t.blobCount()).toBe(1)
  expect((await t.call('ListMultipartUploads', { Bucket: 'data' })).Uploads).toEqual([])
  expect(await t.call('CompleteMultipartUpload', { ...object, UploadId, MultipartUpload: { Parts } })).toEqual(done)
  await t.put('data', 'big', 'overwritten')
  await expect(
    t.call('CompleteMultipartUpload', { ...object, UploadId, MultipartUpload: { Parts } }),
  ).rejects.toMatchObject({ name: 'NoSuchUpload', status: 404 })
})

test('Complete at once from several clients makes one object, and all are answered', async () => {
  const { t, UploadId } = await withUpload()
  await using _ = t
  const MultipartUpload = { Parts: [await upload(t, UploadId, 1, 'only')] }
  const answers = await Promise.all(
    Array.from({ length: 5 }, () => t.call('CompleteMultipartUpload', { ...object, UploadId, MultipartUpload })),
  )
  expect(new Set(answers.map(({ ETag }) => ETag)).size).toBe(1)
  expect(await t.get('data', 'big')).toBe('only')
  expect(await t.blobCount()).toBe(1)
})

test('a part that is uploaded again replaces the one before', async () => {
  const { t, UploadId } = await withUpload()
  await using _ = t
  const old = await upload(t, UploadId, 1, 'old')
  const fresh = await upload(t, UploadId, 1, 'new')
  const complete = (part: object) =>
    t.call('CompleteMultipartUpload', { ...object, UploadId, MultipartUpload: { Parts: [part] } })
  await expect(complete(old)).rejects.toMatchObject({ name: 'InvalidPart', members: { PartNumber: 1 } })
  await complete(fresh)
  expect(await t.get('data', 'big')).toBe('new')
})

test('refuses parts in disorder, too small, missing, or none', async () => {
  const { t, UploadId } = await withUpload()
  await using _ = t
  const one = await upload(t, UploadId, 1, 'small')
  const two = await upload(t, UploadId, 2, 'small')
  const complete = (...Parts: object[]) =>
    t.call('CompleteMultipartUpload', { ...object, UploadId, MultipartUpload: { Parts } })
  await expect(complete(two, one)).rejects.toMatchObject({ name: 'InvalidPartOrder' })
  await expect(complete(one, one)).rejects.toMatchObject({ name: 'InvalidPartOrder' })
  await expect(complete(one, two)).rejects.toMatchObject({
    name: 'EntityTooSmall',
    members: { PartNumber: 1, ProposedSize: 5, MinSizeAllowed: 5 * MiB },
  })
  await expect(complete({ ...one, PartNumber: 3 })).rejects.toMatchObject({ name: 'InvalidPart' })
  await expect(complete()).rejects.toMatchObject({ name: 'MalformedXML' })
  await expect(upload(t, UploadId, 10_001, 'x')).rejects.toMatchObject({ name: 'InvalidArgument' })
  await expect(upload(t, 'no-such-id', 1, 'x')).rejects.toMatchObject({ name: 'NoSuchUpload' })
  await expect(t.call('UploadPart', { Bucket: 'data', Key: 'another', UploadId, PartNumber: 1 })).rejects.toMatchObject(
    { name: 'NoSuchUpload' },
  )
  expect(await t.blobCount()).toBe(2)
  await complete(one)
})

test('abort leaves nothing, not even a part whose bytes were still coming', async () => {
  const { t, UploadId } = await withUpload()
  await using _ = t
  await upload(t, UploadId, 1, 'stored')
  let go = () => {}
  const gate = new Promise<void>((resolve) => (go = resolve))
  async function* slow(): AsyncIterable<Uint8Array> {
    yield Buffer.from('late')
    await gate
  }
  const late = t.call('UploadPart', { ...object, UploadId, PartNumber: 2, Body: slow() })
  const refused = expect(late).rejects.toMatchObject({ name: 'NoSuchUpload' })
  await t.call('AbortMultipartUpload', { ...object, UploadId })
  go()
  await refused
  expect(await t.blobCount()).toBe(0)
  await expect(t.call('ListParts', { ...object, UploadId })).rejects.toMatchObject({ name: 'NoSuchUpload' })
  await expect(t.call('AbortMultipartUpload', { ...object, UploadId })).rejects.toMatchObject({ status: 404 })
})

test('copies parts from objects, whole or a range', async () => {
  const { t, UploadId } = await withUpload()
  await using _ = t
  const source = randomBytes(5 * MiB + 10)
  await t.put('data', 'source', source)
  const copy = (PartNumber: number, CopySourceRange?: string) =>
    t.call('UploadPartCopy', {
      ...object,
      UploadId,
      PartNumber,
      CopySource: 'data/source',
      ...(CopySourceRange !== undefined && { CopySourceRange }),
    })
  await expect(copy(1, 'bytes=5-')).rejects.toMatchObject({ name: 'InvalidArgument' })
  await expect(copy(1, `bytes=0-${source.length}`)).rejects.toMatchObject({ name: 'InvalidArgument' })
  const whole = await copy(1)
  const range = await copy(2, 'bytes=3-5')
  expect(range.CopyPartResult?.ETag).toBe(`"${md5(source.subarray(3, 6)).toString('hex')}"`)
  const Parts = [whole, range].map(({ CopyPartResult }, index) => ({
    PartNumber: index + 1,
    ...(CopyPartResult?.ETag !== undefined && { ETag: CopyPartResult.ETag }),
  }))
  await t.call('CompleteMultipartUpload', { ...object, UploadId, MultipartUpload: { Parts } })
  const head = await t.call('HeadObject', object)
  expect(head.ContentLength).toBe(source.length + 3)
  expect(await t.blobCount()).toBe(2)
})

test('composite and full-object checksums', async () => {
  const { t, UploadId } = await withUpload({ ChecksumAlgorithm: 'SHA256' })
  await using _ = t
  const first = await upload(t, UploadId, 1, 'alone')
  const sha256 = createHash('sha256').update('alone').digest()
  expect(first.ChecksumSHA256).toBe(sha256.toString('base64'))
  const composite = `${createHash('sha256').update(sha256).digest('base64')}-1`
  const complete = { ...object, UploadId, MultipartUpload: { Parts: [first] } }
  await expect(t.call('CompleteMultipartUpload', { ...complete, ChecksumSHA256: 'AAAA-1' })).rejects.toMatchObject({
    name: 'BadDigest',
  })
  const done = await t.call('CompleteMultipartUpload', { ...complete, ChecksumSHA256: composite })
  expect(done).toMatchObject({ ChecksumSHA256: composite, ChecksumType: 'COMPOSITE' })
  const attributes = await t.call('GetObjectAttributes', {
    ...object,
    ObjectAttributes: ['ETag', 'Checksum', 'ObjectParts', 'ObjectSize'],
  })
  expect(attributes).toMatchObject({
    ETag: done.ETag?.replaceAll('"', ''),
    ObjectSize: 5,
    Checksum: { ChecksumSHA256: composite, ChecksumType: 'COMPOSITE' },
    ObjectParts: { TotalPartsCount: 1, Parts: [{ PartNumber: 1, Size: 5, ChecksumSHA256: first.ChecksumSHA256 }] },
  })

  // The check value of CRC-32C's and CRC-64/NVME's catalogues for "123456789".
  for (const [ChecksumAlgorithm, type, member, value] of [
    ['CRC64NVME', undefined, 'ChecksumCRC64NVME', 'rosUhgp5mIg='],
    ['CRC32C', 'FULL_OBJECT', 'ChecksumCRC32C', '4waSgw=='],
  ] as const) {
    const made = await t.call('CreateMultipartUpload', {
      ...object,
      ChecksumAlgorithm,
      ...(type && { ChecksumType: type }),
    })
    const part = await upload(t, made.UploadId ?? '', 1, '123456789')
    const answer = await t.call('CompleteMultipartUpload', {
      ...object,
      UploadId: made.UploadId ?? '',
      MultipartUpload: { Parts: [part] },
    })
    expect(answer).toMatchObject({ [member]: value, ChecksumType: 'FULL_OBJECT' })
  }
  for (const [ChecksumAlgorithm, ChecksumType] of [
    ['SHA1', 'FULL_OBJECT'],
    ['CRC64NVME', 'COMPOSITE'],
  ] as const) {
    await expect(t.call('CreateMultipartUpload', { ...object, ChecksumAlgorithm, ChecksumType })).rejects.toMatchObject(
      { name: 'InvalidRequest' },
    )
  }
})

test('a composite checksum asks for the checksum of each part, and for parts that are numbered from 1', async () => {
  const { t, UploadId } = await withUpload({ ChecksumAlgorithm: 'SHA256' })
  await using _ = t
  const parts = [await upload(t, UploadId, 1, randomBytes(5 * MiB)), await upload(t, UploadId, 2, 'two')]
  const third = await upload(t, UploadId, 3, 'three')
  const complete = (...Parts: object[]) =>
    t.call('CompleteMultipartUpload', { ...object, UploadId, MultipartUpload: { Parts } })
  const bare = { PartNumber: 2, ETag: parts[1]?.ETag }
  await expect(complete(parts[0] ?? {}, bare)).rejects.toMatchObject({
    name: 'InvalidRequest',
    status: 400,
    message:
      'The upload was created using a sha256 checksum. The complete request must include the checksum for each part. It was missing for part 2 in the request.',
  })
  await expect(complete(parts[0] ?? {}, third)).rejects.toMatchObject({ name: 'InvalidPartOrder', status: 400 })
  await expect(complete(third)).rejects.toMatchObject({ name: 'InvalidPartOrder' })
  await expect(
    complete(parts[0] ?? {}, { ...parts[1], ChecksumSHA256: createHash('sha256').update('other').digest('base64') }),
  ).rejects.toMatchObject({ name: 'InvalidPart', members: { PartNumber: 2 } })
  expect(await complete(...parts)).toMatchObject({ ChecksumType: 'COMPOSITE' })
})

test('the attributes of an object tell its parts page by page, each once', async () => {
  const { t, UploadId } = await withUpload({ ChecksumAlgorithm: 'CRC32', ChecksumType: 'FULL_OBJECT' })
  await using _ = t
  const Parts = []
  for (const [number, size] of [
    [2, 5 * MiB],
    [5, 5 * MiB],
    [9, 10],
  ] as const)
    Parts.push(await upload(t, UploadId, number, randomBytes(size)))
  await t.call('CompleteMultipartUpload', { ...object, UploadId, MultipartUpload: { Parts } })
  const page = async (PartNumberMarker?: number) => {
    const { ObjectParts } = await t.call('GetObjectAttributes', {
      ...object,
      ObjectAttributes: ['ObjectParts'],
      MaxParts: 2,
      ...(PartNumberMarker !== undefined && { PartNumberMarker }),
    })
    return { ...ObjectParts, Parts: ObjectParts?.Parts?.map((part) => part.PartNumber) }
  }
  const first = await page()
  expect(first).toMatchObject({ Parts: [2, 5], IsTruncated: true, NextPartNumberMarker: 5, TotalPartsCount: 3 })
  expect(await page(5)).toMatchObject({ Parts: [9], IsTruncated: false, PartNumberMarker: 5, TotalPartsCount: 3 })
  expect(await page(4)).toMatchObject({ Parts: [5, 9] })
})

test('lists parts page by page', async () => {
  const { t, UploadId } = await withUpload()
  await using _ = t
  for (const number of [1, 5, 10_000]) await upload(t, UploadId, number, String(number))
  const first = await t.call('ListParts', { ...object, UploadId, MaxParts: 2 })
  expect(first).toMatchObject({ IsTruncated: true, NextPartNumberMarker: 5, StorageClass: 'STANDARD' })
  const second = await t.call('ListParts', { ...object, UploadId, PartNumberMarker: 5 })
  expect(second).toMatchObject({ IsTruncated: false, Initiator: { DisplayName: 'test' } })
  expect([...(first.Parts ?? []), ...(second.Parts ?? [])].map((p) => `${p.PartNumber} ${p.Size}`)).toEqual([
    '1 1',
    '5 1',
    '10000 5',
  ])
})

test('lists uploads by key and age, with prefix, delimiter and markers', async () => {
  await using t = await openTestS3(adapters)
  await t.call('CreateBucket', { Bucket: 'data' })
  const ids: string[] = []
  for (const Key of ['b', 'a', 'b', 'dir/1', 'dir/2', 'é']) {
    t.time = new Date(1_700_000_000_000 + ids.length)
    ids.push((await t.call('CreateMultipartUpload', { Bucket: 'data', Key })).UploadId ?? '')
  }
  const expected = [`a ${ids[1]}`, `b ${ids[0]}`, `b ${ids[2]}`, 'dir/', `é ${ids[5]}`]
  const listed: string[] = []
  let next: { KeyMarker?: string; UploadIdMarker?: string } = {}
  for (;;) {
    const page = await t.call('ListMultipartUploads', { Bucket: 'data', Delimiter: '/', MaxUploads: 1, ...next })
    listed.push(...(page.Uploads ?? []).map(({ Key, UploadId }) => `${Key} ${UploadId}`))
    listed.push(...(page.CommonPrefixes ?? []).map(({ Prefix = '' }) => Prefix))
    if (!page.IsTruncated) break
    next = { KeyMarker: page.NextKeyMarker ?? '', UploadIdMarker: page.NextUploadIdMarker ?? '' }
  }
  expect(listed).toEqual(expected)
  const inFolder = await t.call('ListMultipartUploads', { Bucket: 'data', Prefix: 'dir/' })
  expect(inFolder.Uploads?.map(({ Key }) => Key)).toEqual(['dir/1', 'dir/2'])
})
