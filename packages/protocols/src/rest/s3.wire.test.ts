import { createHash, randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import {
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  DeleteObjectsCommand,
  GetBucketLocationCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutBucketPolicyCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { createPresignedPost } from '@aws-sdk/s3-presigned-post'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { ApiError } from '@sagebrush/core'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Checksums, VerifiedBody } from '../body/verified-body.ts'
import { type Call, ToyServer } from '../testing/toy-server.ts'

const toy = new ToyServer()
let s3: S3Client
let stored: Buffer
let checksums: Checksums

beforeAll(async () => {
  await toy.start()
  s3 = new S3Client({ ...toy.client, forcePathStyle: true })
})
afterAll(async () => {
  s3.destroy()
  await toy.stop()
})
beforeEach(() => {
  toy.calls.length = 0
  toy.failures.length = 0
  stored = Buffer.from('nothing')
  checksums = {}
  toy.respond = keepBody
})

/** Stores as S3's operation does: only once the stream has ended in order. */
async function keepBody({ input }: Call) {
  const body = input.Body as VerifiedBody | undefined
  if (!body) return {}
  const parts: Uint8Array[] = []
  for await (const part of body) parts.push(part)
  stored = Buffer.concat(parts)
  checksums = body.checksums()
  return { ETag: `"${createHash('md5').update(stored).digest('hex')}"` }
}

function lastCall(): Call {
  const call = toy.calls.at(-1)
  if (!call) throw new Error('no operation was called')
  return call
}

const Bucket = 'bucket'

describe('bodies', () => {
  test.each(['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'] as const)(
    'a buffer with %s in a header',
    async (name) => {
      const body = randomBytes(100_000)
      await s3.send(new PutObjectCommand({ Bucket, Key: 'k', Body: body, ChecksumAlgorithm: name }))
      expect(stored.equals(body)).toBe(true)
      expect(lastCall().input[`Checksum${name}`]).toBe(checksums[name.toLowerCase() as 'crc32'])
      expect(Object.keys(checksums)).toEqual([name.toLowerCase()])
    },
  )

  test.each(['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'] as const)(
    'a stream with %s in a trailer',
    async (name) => {
      const body = randomBytes(300_000)
      await s3.send(
        new PutObjectCommand({
          Bucket,
          Key: 'k',
          Body: Readable.from([body.subarray(0, 70_001), body.subarray(70_001)]),
          ContentLength: body.length,
          ContentEncoding: 'gzip',
          ChecksumAlgorithm: name,
        }),
      )
      expect(stored.equals(body)).toBe(true)
      expect(Object.keys(checksums)).toEqual([name.toLowerCase()])
      expect(lastCall().input.ContentEncoding).toBe('gzip')
      expect((lastCall().input.Body as VerifiedBody).sizeBytes).toBe(body.length)
    },
  )

  test('a wrong checksum is refused after the last byte, and the operation sees the stream fail', async () => {
    const call = s3.send(new PutObjectCommand({ Bucket, Key: 'k', Body: 'abc', ChecksumCRC32: 'AAAAAA==' }))
    await expect(call).rejects.toMatchObject({ name: 'BadDigest', $metadata: { httpStatusCode: 400 } })
    expect(stored.toString()).toBe('nothing')
    expect(toy.failures).toEqual([])
  })

  test('UploadPart and PutObject are told apart', async () => {
    await s3.send(new UploadPartCommand({ Bucket, Key: 'k', PartNumber: 3, UploadId: 'u', Body: 'part' }))
    expect(lastCall()).toMatchObject({ operation: 'UploadPart', input: { PartNumber: 3, UploadId: 'u' } })
    await s3.send(new CopyObjectCommand({ Bucket, Key: 'k', CopySource: 'a/b', Metadata: { one: '1' } }))
    expect(lastCall()).toMatchObject({ operation: 'CopyObject', input: { CopySource: 'a/b', Metadata: { one: '1' } } })
    await s3.send(new CreateMultipartUploadCommand({ Bucket, Key: 'k' }))
    expect(lastCall().operation).toBe('CreateMultipartUpload')
  })

  test('a policy is text, a Delete is XML with its entities', async () => {
    await s3.send(new PutBucketPolicyCommand({ Bucket, Policy: '{"Version":"x"}' }))
    expect(lastCall().input.Policy).toBe('{"Version":"x"}')
    toy.respond = () => ({ Deleted: [{ Key: 'a&<\r\n>"\u0001' }], Errors: [{ Key: 'b', Code: 'AccessDenied' }] })
    const key = ' a&<\r\n>" ü '
    const answer = await s3.send(
      new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key: key }, { Key: 'b' }] } }),
    )
    expect(lastCall().input.Delete).toEqual({ Objects: [{ Key: key }, { Key: 'b' }] })
    expect(answer.Deleted).toEqual([{ Key: 'a&<\r\n>"\u0001' }])
    expect(answer.Errors).toEqual([{ Key: 'b', Code: 'AccessDenied' }])
  })
})

describe('answers', () => {
  test('an object streams with its headers and metadata', async () => {
    const content = randomBytes(3_000_000)
    toy.respond = () => ({
      Body: Readable.from([content.subarray(0, 10), content.subarray(10)]),
      ContentLength: content.length,
      ContentType: 'text/csv',
      ETag: '"e"',
      LastModified: new Date('2024-02-03T04:05:06Z'),
      Metadata: { lang: 'größe' },
    })
    const answer = await s3.send(new GetObjectCommand({ Bucket, Key: 'a//b/../c', Range: 'bytes=0-' }))
    expect(lastCall().input).toEqual({ Bucket, Key: 'a//b/../c', Range: 'bytes=0-', ChecksumMode: 'ENABLED' })
    expect(Buffer.from((await answer.Body?.transformToByteArray()) ?? []).equals(content)).toBe(true)
    expect(answer.LastModified?.toISOString()).toBe('2024-02-03T04:05:06.000Z')
    expect(Buffer.from(answer.Metadata?.lang ?? '', 'latin1').toString()).toBe('größe')
  })

  test('a HEAD has the headers and no body', async () => {
    toy.respond = () => ({ ContentLength: 12, ETag: '"e"' })
    const answer = await s3.send(new HeadObjectCommand({ Bucket, Key: 'k' }))
    expect(answer.ContentLength).toBe(12)
    toy.respond = () => {
      throw new ApiError('NotFound', 'Not Found', { status: 404 })
    }
    await expect(s3.send(new HeadObjectCommand({ Bucket, Key: 'k' }))).rejects.toMatchObject({ name: 'NotFound' })
  })

  test('a listing reads back as written', async () => {
    const listing = {
      Name: Bucket,
      Contents: [
        { Key: 'a', Size: 1, LastModified: new Date('2024-01-01T00:00:00Z') },
        { Key: 'b', Size: 2 },
      ],
      CommonPrefixes: [{ Prefix: 'c/' }],
      IsTruncated: false,
      KeyCount: 3,
    }
    toy.respond = () => listing
    const answer = await s3.send(new ListObjectsV2Command({ Bucket, MaxKeys: 5, Prefix: '', Delimiter: '/' }))
    expect(lastCall().input).toEqual({ Bucket, MaxKeys: 5, Prefix: '', Delimiter: '/' })
    expect(answer).toMatchObject(listing)
  })

  test("a bucket's location is the root's text", async () => {
    toy.respond = () => ({ LocationConstraint: 'eu-west-1' })
    expect((await s3.send(new GetBucketLocationCommand({ Bucket }))).LocationConstraint).toBe('eu-west-1')
  })

  test('an error carries its code, members and ids', async () => {
    toy.respond = () => {
      throw new ApiError('NoSuchKey', 'The specified key does not exist.', { status: 404, members: { Key: 'k&' } })
    }
    await expect(s3.send(new GetObjectCommand({ Bucket, Key: 'k&' }))).rejects.toMatchObject({
      name: 'NoSuchKey',
      Key: 'k&',
      message: 'The specified key does not exist.',
      $metadata: { httpStatusCode: 404, requestId: expect.stringMatching(/^[0-9A-F]{16}$/) },
    })
  })

  test('a client that goes away aborts the signal and ends the source', async () => {
    let ended = false
    toy.respond = () => ({
      Body: (async function* () {
        try {
          for (;;) {
            yield randomBytes(65536)
            await new Promise((resolve) => setImmediate(resolve))
          }
        } finally {
          ended = true
        }
      })(),
    })
    const answer = await s3.send(new GetObjectCommand({ Bucket, Key: 'endless' }))
    const { signal } = lastCall().ctx
    expect(signal.aborted).toBe(false)
    const closed = new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
    ;(answer.Body as Readable).destroy()
    await closed
    await expect.poll(() => ended).toBe(true)
    expect(toy.failures).toEqual([])
  })
})

describe('other ways in', () => {
  test('presigned GET and PUT', async () => {
    toy.respond = () => ({ Body: Buffer.from('hello') })
    const get = await getSignedUrl(s3, new GetObjectCommand({ Bucket, Key: 'a b/ü' }), { expiresIn: 60 })
    expect(await (await fetch(get)).text()).toBe('hello')
    expect(lastCall().input).toMatchObject({ Key: 'a b/ü' })
    const tampered = await fetch(get.replace('a%20b', 'a%20c'))
    expect(tampered.status).toBe(403)
    expect(await tampered.text()).toContain('<Code>SignatureDoesNotMatch</Code>')

    toy.respond = keepBody
    const put = await getSignedUrl(
      s3,
      new PutObjectCommand({ Bucket, Key: 'up', Metadata: { m: 'v' }, ACL: 'private' }),
      {
        expiresIn: 60,
      },
    )
    const answer = await fetch(put, { method: 'PUT', body: 'uploaded' })
    expect(await answer.text()).toBe('')
    expect(stored.toString()).toBe('uploaded')
    expect(lastCall().input).toMatchObject({ Metadata: { m: 'v' }, ACL: 'private' })
  })

  test('a presigned URL expires', async () => {
    const url = await getSignedUrl(s3, new GetObjectCommand({ Bucket, Key: 'k' }), { expiresIn: 60 })
    toy.now = () => new Date(Date.now() + 61_000)
    const answer = await fetch(url)
    toy.now = () => new Date()
    expect(answer.status).toBe(403)
    expect(await answer.text()).toMatch(/<Code>AccessDenied<\/Code><Message>Request has expired<\/Message>/)
  })

  test('a browser posts a form under a signed policy', async () => {
    const { url, fields } = await createPresignedPost(s3, {
      Bucket,
      // biome-ignore lint/suspicious/noTemplateCurlyInString: S3's own placeholder
      Key: 'up/${filename}',
      Conditions: [
        ['content-length-range', 1, 100_000],
        ['starts-with', '$x-amz-meta-note', 'n'],
      ],
      Fields: { success_action_status: '201' },
    })
    const post = (extra: Record<string, string>, content: Uint8Array<ArrayBuffer>) => {
      const form = new FormData()
      for (const [name, value] of Object.entries({ ...fields, ...extra })) form.append(name, value)
      form.append('file', new Blob([content]), 'photo.bin')
      return fetch(url, { method: 'POST', body: form })
    }
    const content = new Uint8Array(randomBytes(90_000))
    const answer = await post({ 'x-amz-meta-note': 'ndet' }, content)
    expect(await answer.text()).toContain('<Key>up/photo.bin</Key>')
    expect(answer.status).toBe(201)
    expect(stored.equals(content)).toBe(true)
    expect(lastCall()).toMatchObject({
      operation: 'PutObject',
      input: { Bucket, Key: 'up/photo.bin', Metadata: { note: 'ndet' } },
      ctx: { caller: { account: '123456789012', region: 'eu-west-1' } },
    })
    const refusals: [Record<string, string>, Uint8Array<ArrayBuffer>, RegExp][] = [
      [
        { 'x-amz-meta-note': 'x' },
        content,
        /Policy Condition failed: \[&quot;starts-with&quot;,&quot;\$x-amz-meta-note&quot;,&quot;n&quot;\]/,
      ],
      [{ 'x-amz-meta-note': 'n', 'x-amz-acl': 'public-read' }, content, /Extra input fields: x-amz-acl/],
      [{ 'x-amz-meta-note': 'n' }, new Uint8Array(100_001), /EntityTooLarge/],
      [{ 'x-amz-meta-note': 'n' }, new Uint8Array(0), /EntityTooSmall/],
      [{ 'x-amz-meta-note': 'n', 'X-Amz-Signature': '0'.repeat(64) }, content, /SignatureDoesNotMatch/],
    ]
    stored = Buffer.from('nothing')
    for (const [extra, bytes, expected] of refusals) {
      const refused = await post(extra, bytes)
      expect(await refused.text()).toMatch(expected)
      expect(refused.status).toBeGreaterThanOrEqual(400)
    }
    expect(stored.toString()).toBe('nothing')
  })

  test('a bucket in the host name', async () => {
    const virtual = new S3Client({ ...toy.client, endpoint: `http://localhost:${toy.port}`, forcePathStyle: false })
    toy.respond = () => ({ Body: Buffer.from('x') })
    await virtual.send(new GetObjectCommand({ Bucket: 'my.bucket', Key: 'k/l' }))
    virtual.destroy()
    expect(lastCall().input).toMatchObject({ Bucket: 'my.bucket', Key: 'k/l' })
  })

  test('unsigned requests are refused', async () => {
    const answer = await fetch(`${toy.url}/bucket/key`)
    expect(answer.status).toBe(403)
    expect(await answer.text()).toContain('<Code>AccessDenied</Code><Message>Access Denied</Message>')
    expect(toy.calls).toEqual([])
  })
})
