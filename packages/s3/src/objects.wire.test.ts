import { createHash, randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketLocationCommand,
  GetBucketTaggingCommand,
  GetObjectAttributesCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  NoSuchBucket,
  NoSuchKey,
  PutBucketTaggingCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  paginateListObjectsV2,
  type S3Client,
} from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { createPresignedPost } from '@aws-sdk/s3-presigned-post'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { openBlobs } from '@sagebrush/blobs-fs'
import { createGateway, hostService } from '@sagebrush/protocols'
import { openStore } from '@sagebrush/store-sqlite'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Attach, openWireS3, type WireS3 } from './testing/wire-s3.ts'

const attach: Attach = (server, s3, keys, log) => {
  const service = hostService({ model: 's3', operations: s3.operations, context: s3.context })
  const accessKeys = { find: async (id: string) => keys.find((key) => key.accessKeyId === id) }
  createGateway({ services: [service], accessKeys, now: () => new Date(), log }).attach(server)
}

let wire: WireS3
let client: S3Client
const Bucket = 'sagemaker-us-east-1-111122223333'

beforeAll(async () => {
  wire = await openWireS3(
    {
      store: (folder) => openStore({ path: join(folder, 'state.db') }),
      blobs: (root) => openBlobs({ root }),
    },
    attach,
  )
  client = wire.client()
  await client.send(new CreateBucketCommand({ Bucket }))
})

afterAll(async () => {
  await wire[Symbol.asyncDispose]()
  expect(wire.failures).toEqual([])
})

const get = async (Key: string) => {
  const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }))
  return Buffer.from((await Body?.transformToByteArray()) ?? [])
}

test('a bucket as the SageMaker SDK asks for its own: 404, made in the region, there', async () => {
  const europe = wire.client({ region: 'eu-west-1' })
  const own = { Bucket: 'sagemaker-eu-west-1-111122223333' }
  await expect(europe.send(new HeadBucketCommand(own))).rejects.toMatchObject({
    name: 'NotFound',
    $metadata: { httpStatusCode: 404 },
  })
  await europe.send(new CreateBucketCommand({ ...own, CreateBucketConfiguration: { LocationConstraint: 'eu-west-1' } }))
  expect((await europe.send(new HeadBucketCommand(own))).BucketRegion).toBe('eu-west-1')
  expect((await client.send(new GetBucketLocationCommand(own))).LocationConstraint).toBe('eu-west-1')
  expect((await client.send(new GetBucketLocationCommand({ Bucket }))).LocationConstraint ?? '').toBe('')
  const listed = await client.send(new ListBucketsCommand({ BucketRegion: 'eu-west-1' }))
  expect(listed.Buckets?.map(({ Name }) => Name)).toEqual([own.Bucket])
  await europe.send(new DeleteBucketCommand(own))
  await expect(
    europe.send(new HeadBucketCommand({ ...own, ExpectedBucketOwner: '111122223333' })),
  ).rejects.toMatchObject({ name: 'NotFound' })
  await expect(
    client.send(new HeadBucketCommand({ Bucket, ExpectedBucketOwner: '444455556666' })),
  ).rejects.toMatchObject({ $metadata: { httpStatusCode: 403 } })
})

test.each(['us-east-1', 'eu-moon-1'])(
  'a bucket in %s, which is no constraint of S3, is refused as S3 does',
  async (at) => {
    const CreateBucketConfiguration = { LocationConstraint: at as 'us-west-2' }
    await expect(
      client.send(new CreateBucketCommand({ Bucket: 'another', CreateBucketConfiguration })),
    ).rejects.toMatchObject({
      name: 'InvalidLocationConstraint',
      message: 'The specified location-constraint is not valid',
      LocationConstraint: at,
      $metadata: { httpStatusCode: 400 },
    })
  },
)

test('an object with everything that can be said of one comes back as it went', async () => {
  const content = randomBytes(300_000)
  const Key = 'dir/ä \u{1f600}+&<>\'"%2F?#'
  const put = await client.send(
    new PutObjectCommand({
      Bucket,
      Key,
      Body: content,
      ContentType: 'text/csv; charset=utf-8',
      CacheControl: 'max-age=60',
      ContentDisposition: 'attachment; filename="x.csv"',
      ContentEncoding: 'gzip',
      ContentLanguage: 'de',
      Expires: new Date('2030-01-01T00:00:00Z'),
      Metadata: { origin: 'spain', empty: '' },
      Tagging: 'stage=raw&team=m%20l',
      StorageClass: 'STANDARD_IA',
      ServerSideEncryption: 'aws:kms',
      ChecksumAlgorithm: 'SHA256',
    }),
  )
  const sha256 = createHash('sha256').update(content).digest('base64')
  const ETag = `"${createHash('md5').update(content).digest('hex')}"`
  expect(put).toMatchObject({ ETag, ChecksumSHA256: sha256, ServerSideEncryption: 'aws:kms' })
  const told = {
    ETag,
    ContentLength: content.length,
    ContentType: 'text/csv; charset=utf-8',
    CacheControl: 'max-age=60',
    ContentDisposition: 'attachment; filename="x.csv"',
    ContentEncoding: 'gzip',
    ContentLanguage: 'de',
    Expires: new Date('2030-01-01T00:00:00Z'),
    Metadata: { origin: 'spain', empty: '' },
    TagCount: 2,
    StorageClass: 'STANDARD_IA',
    ServerSideEncryption: 'aws:kms',
    AcceptRanges: 'bytes',
    ChecksumSHA256: sha256,
    ChecksumType: 'FULL_OBJECT',
  }
  expect(await client.send(new HeadObjectCommand({ Bucket, Key, ChecksumMode: 'ENABLED' }))).toMatchObject(told)
  const got = await client.send(new GetObjectCommand({ Bucket, Key, ChecksumMode: 'ENABLED' }))
  expect(got).toMatchObject(told)
  expect(Buffer.from((await got.Body?.transformToByteArray()) ?? []).equals(content)).toBe(true)
  const tags = await client.send(new GetObjectTaggingCommand({ Bucket, Key }))
  expect(tags.TagSet).toEqual([
    { Key: 'stage', Value: 'raw' },
    { Key: 'team', Value: 'm l' },
  ])
  const attributes = await client.send(
    new GetObjectAttributesCommand({
      Bucket,
      Key,
      ObjectAttributes: ['ETag', 'Checksum', 'ObjectSize', 'StorageClass'],
    }),
  )
  expect(attributes).toMatchObject({
    ETag: ETag.replaceAll('"', ''),
    ObjectSize: content.length,
    StorageClass: 'STANDARD_IA',
    Checksum: { ChecksumSHA256: sha256, ChecksumType: 'FULL_OBJECT' },
  })
})

test('ranges are 206, conditions 304 and 412, misses 404 and 416', async () => {
  await client.send(new PutObjectCommand({ Bucket, Key: 'digits', Body: '0123456789' }))
  const at = { Bucket, Key: 'digits' }
  const range = await client.send(new GetObjectCommand({ ...at, Range: 'bytes=2-4' }))
  expect(range).toMatchObject({ ContentRange: 'bytes 2-4/10', ContentLength: 3, $metadata: { httpStatusCode: 206 } })
  expect(await range.Body?.transformToString()).toBe('234')
  const head = await client.send(new HeadObjectCommand({ ...at, Range: 'bytes=-3' }))
  expect(head).toMatchObject({ ContentRange: 'bytes 7-9/10', $metadata: { httpStatusCode: 206 } })
  const { ETag, LastModified } = await client.send(new HeadObjectCommand(at))
  const status = async (command: GetObjectCommand | HeadObjectCommand) => {
    const failure = await client.send(command as GetObjectCommand).then(
      () => undefined,
      (error) => error,
    )
    return `${failure?.$metadata.httpStatusCode} ${failure?.name}`
  }
  expect(await status(new GetObjectCommand({ ...at, IfNoneMatch: ETag }))).toContain('304')
  expect(await status(new HeadObjectCommand({ ...at, IfModifiedSince: LastModified }))).toContain('304')
  expect(await status(new GetObjectCommand({ ...at, IfMatch: '"other"' }))).toBe('412 PreconditionFailed')
  expect(await status(new GetObjectCommand({ ...at, Range: 'bytes=10-' }))).toBe('416 InvalidRange')
  const url = await getSignedUrl(client, new GetObjectCommand(at))
  for (const name of ['if-modified-since', 'if-unmodified-since']) {
    expect((await fetch(url, { headers: { [name]: 'yesterday' } })).status).toBe(200)
  }
  const notModified = await fetch(url, { headers: { 'if-none-match': ETag ?? '' } })
  expect(notModified.status).toBe(304)
  expect(notModified.headers.get('etag')).toBe(ETag)
  expect(await notModified.text()).toBe('')
  await expect(client.send(new PutObjectCommand({ ...at, IfNoneMatch: '*', Body: 'x' }))).rejects.toMatchObject({
    name: 'PreconditionFailed',
  })
  await expect(get('none')).rejects.toBeInstanceOf(NoSuchKey)
  await expect(client.send(new HeadObjectCommand({ Bucket, Key: 'none' }))).rejects.toMatchObject({ name: 'NotFound' })
  const elsewhere = new ListObjectsV2Command({ Bucket: 'no-such-bucket' })
  await expect(client.send(elsewhere)).rejects.toBeInstanceOf(NoSuchBucket)
  await expect(client.send(elsewhere)).rejects.toMatchObject({ BucketName: 'no-such-bucket' })
})

test('keys are bytes: every one is its own object and is listed as it is', async () => {
  const keys = ['a', 'a/b', 'a//b', '//', '..', '../x', './y', 'end/', ' ', '+', 'é', '\u{1f600}', 'k'.repeat(1024)]
  keys.push(`${'p'.repeat(300)}/x`, 'q\n\r\t', '\u0001\u001f', '\uffee', '%41', 'a?b=c&d', '#', 'x;y', '&amp;')
  const bucket = 'keys-are-bytes'
  await client.send(new CreateBucketCommand({ Bucket: bucket }))
  await Promise.all(keys.map((Key) => client.send(new PutObjectCommand({ Bucket: bucket, Key, Body: `in ${Key}` }))))
  for (const Key of keys) {
    const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key }))
    expect(await Body?.transformToString()).toBe(`in ${Key}`)
  }
  const sorted = [...keys].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  const listed: string[] = []
  const pages = paginateListObjectsV2({ client, pageSize: 4 }, { Bucket: bucket, EncodingType: 'url' })
  for await (const page of pages) listed.push(...(page.Contents ?? []).map(({ Key = '' }) => decodeURIComponent(Key)))
  expect(listed).toEqual(sorted)
  const plain = await client.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: 'a', Delimiter: '/' }))
  expect(plain.Contents?.map(({ Key }) => Key)).toEqual(['a', 'a?b=c&d'])
  expect(plain.CommonPrefixes).toEqual([{ Prefix: 'a/' }])
  await expect(
    client.send(new PutObjectCommand({ Bucket: bucket, Key: 'k'.repeat(1025), Body: 'x' })),
  ).rejects.toMatchObject({
    name: 'KeyTooLongError',
  })
  await expect(client.send(new DeleteBucketCommand({ Bucket: bucket }))).rejects.toMatchObject({
    name: 'BucketNotEmpty',
  })
  const Objects = keys.map((Key) => ({ Key }))
  const gone = await client.send(new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects, Quiet: true } }))
  expect(gone.Deleted ?? []).toEqual([])
  await client.send(new DeleteBucketCommand({ Bucket: bucket }))
})

test('lib-storage uploads a stream in parts, and what is aborted leaves nothing', async () => {
  const content = randomBytes(12 * 1024 * 1024 + 7)
  const upload = new Upload({
    client,
    params: {
      Bucket,
      Key: 'big/model.tar.gz',
      Body: Readable.from(chunksOf(content)),
      ContentType: 'application/gzip',
    },
    partSize: 5 * 1024 * 1024,
    queueSize: 3,
  })
  const done = await upload.done()
  expect(done.ETag).toMatch(/^"[0-9a-f]{32}-3"$/)
  expect((await get('big/model.tar.gz')).equals(content)).toBe(true)
  const second = await client.send(new GetObjectCommand({ Bucket, Key: 'big/model.tar.gz', PartNumber: 3 }))
  expect(second).toMatchObject({ PartsCount: 3, ContentLength: 2 * 1024 * 1024 + 7 })
  expect(
    Buffer.from((await second.Body?.transformToByteArray()) ?? []).equals(content.subarray(10 * 1024 * 1024)),
  ).toBe(true)

  const before = await wire.test.blobCount()
  async function* broken() {
    yield content
    throw new Error('the source broke off')
  }
  const failing = new Upload({ client, params: { Bucket, Key: 'broken', Body: Readable.from(broken()) } })
  await expect(failing.done()).rejects.toThrow('the source broke off')
  expect((await client.send(new ListMultipartUploadsCommand({ Bucket }))).Uploads ?? []).toEqual([])
  expect(await wire.test.blobCount()).toBe(before)
})

function* chunksOf(content: Buffer): Iterable<Buffer> {
  for (let start = 0; start < content.length; start += 70_000) yield content.subarray(start, start + 70_000)
}

test('copies, tags, deletes', async () => {
  const Key = 'copy source/ü'
  await client.send(new PutObjectCommand({ Bucket, Key, Body: 'content', Metadata: { a: '1' } }))
  const copied = await client.send(
    new CopyObjectCommand({ Bucket, Key: 'copied', CopySource: `${Bucket}/${encodeURIComponent(Key)}` }),
  )
  expect(copied.CopyObjectResult?.ETag).toBe('"9a0364b9e99bb480dd25e1f0284c8555"')
  await client.send(new DeleteObjectCommand({ Bucket, Key }))
  expect((await get('copied')).toString()).toBe('content')
  const TagSet = [{ Key: 'k<&>', Value: ' v ' }]
  await client.send(new PutObjectTaggingCommand({ Bucket, Key: 'copied', Tagging: { TagSet } }))
  expect((await client.send(new GetObjectTaggingCommand({ Bucket, Key: 'copied' }))).TagSet).toEqual(TagSet)
  await client.send(new PutBucketTaggingCommand({ Bucket, Tagging: { TagSet } }))
  expect((await client.send(new GetBucketTaggingCommand({ Bucket }))).TagSet).toEqual(TagSet)
  await expect(
    client.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration: { Status: 'Enabled' } })),
  ).rejects.toMatchObject({ name: 'NotImplemented', $metadata: { httpStatusCode: 501 } })
})

test('presigned GET and PUT, and the form of a browser', async () => {
  const put = await getSignedUrl(client, new PutObjectCommand({ Bucket, Key: 'presigned', ContentType: 'text/plain' }))
  expect((await fetch(put, { method: 'PUT', body: 'by URL', headers: { 'content-type': 'text/plain' } })).status).toBe(
    200,
  )
  const url = await getSignedUrl(
    client,
    new GetObjectCommand({ Bucket, Key: 'presigned', ResponseContentType: 'text/x-r' }),
  )
  const got = await fetch(url)
  expect(got.headers.get('content-type')).toBe('text/x-r')
  expect(await got.text()).toBe('by URL')
  expect((await fetch(url.replace('presigned?', 'copied?'))).status).toBe(403)

  const form = await createPresignedPost(client, {
    Bucket,
    Key: 'user/\u0024{filename}',
    Conditions: [['content-length-range', 1, 20]],
    Fields: { success_action_status: '201', 'x-amz-meta-from': 'form' },
  })
  const post = async (content: string) => {
    const body = new FormData()
    for (const [name, value] of Object.entries(form.fields)) body.append(name, value)
    body.append('file', new Blob([content]), 'cat.txt')
    return fetch(form.url, { method: 'POST', body })
  }
  const answer = await post('by form')
  expect(answer.status).toBe(201)
  expect(await answer.text()).toContain('<Key>user/cat.txt</Key>')
  expect((await get('user/cat.txt')).toString()).toBe('by form')
  const head = await client.send(new HeadObjectCommand({ Bucket, Key: 'user/cat.txt' }))
  expect(head.Metadata).toEqual({ from: 'form' })
  const tooLarge = await post('x'.repeat(21))
  expect(await tooLarge.text()).toContain('<Code>EntityTooLarge</Code>')
  expect((await get('user/cat.txt')).toString()).toBe('by form')
})

test('two accounts have the same names and see nothing of each other', async () => {
  const other = wire.client({ account: '444455556666' })
  await client.send(new PutObjectCommand({ Bucket, Key: 'mine', Body: 'mine' }))
  await expect(other.send(new GetObjectCommand({ Bucket, Key: 'mine' }))).rejects.toBeInstanceOf(NoSuchBucket)
  await other.send(new CreateBucketCommand({ Bucket }))
  await other.send(new PutObjectCommand({ Bucket, Key: 'mine', Body: 'theirs' }))
  expect((await get('mine')).toString()).toBe('mine')
  const theirs = await other.send(new ListObjectsV2Command({ Bucket }))
  expect(theirs.Contents?.map(({ Key, Size }) => `${Key} ${Size}`)).toEqual(['mine 6'])
})

test('a body that is not what its checksum says changes nothing', async () => {
  await client.send(new PutObjectCommand({ Bucket, Key: 'checked', Body: 'right' }))
  const before = await wire.test.blobCount()
  const wrong = { Bucket, Key: 'checked', Body: 'wrong' }
  const ContentMD5 = createHash('md5').update('right').digest('base64')
  await expect(client.send(new PutObjectCommand({ ...wrong, ContentMD5 }))).rejects.toMatchObject({ name: 'BadDigest' })
  const ChecksumSHA256 = createHash('sha256').update('right').digest('base64')
  await expect(client.send(new PutObjectCommand({ ...wrong, ChecksumSHA256 }))).rejects.toMatchObject({
    $metadata: { httpStatusCode: 400 },
  })
  expect((await get('checked')).toString()).toBe('right')
  expect(await wire.test.blobCount()).toBe(before)
})

test('a read under way survives that its object is deleted', async () => {
  const content = randomBytes(8 * 1024 * 1024)
  await client.send(new PutObjectCommand({ Bucket, Key: 'underway', Body: content }))
  const { Body } = await client.send(new GetObjectCommand({ Bucket, Key: 'underway' }))
  await client.send(new DeleteObjectCommand({ Bucket, Key: 'underway' }))
  await expect(get('underway')).rejects.toBeInstanceOf(NoSuchKey)
  expect((await buffer(Body as Readable)).equals(content)).toBe(true)
})
