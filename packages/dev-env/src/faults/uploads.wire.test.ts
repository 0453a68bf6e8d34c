import { createHash } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type DevEnv, startDevEnv } from '../index.ts'
import { Clients, makeBucket, refused } from './fixtures.ts'
import { type SignedRequest, sendSigned } from './signed-request.ts'

let env: DevEnv
let clients: Clients
let bucket: string
beforeAll(async () => {
  env = await startDevEnv()
  clients = new Clients(env.client, env.facts.account)
  bucket = await makeBucket(clients)
})
afterAll(async () => {
  clients.destroy()
  await env.close()
})

/** Files below the folder of the stored bytes: nothing refused may leave one. */
async function blobs(): Promise<readonly string[]> {
  const entries = await readdir(join(env.home, 'blobs'), { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map(({ name }) => name)
}

// After each test the bucket is as it was: no object, no upload, no bytes.
afterEach(async () => {
  const missing = await refused(clients.s3.headObject({ Bucket: bucket, Key: 'key' }))
  expect(missing.$metadata.httpStatusCode).toBe(404)
  expect((await clients.s3.listObjectsV2({ Bucket: bucket })).KeyCount).toBe(0)
  await expect.poll(blobs, { timeout: 5000 }).toEqual([])
})

const put = (more: Partial<SignedRequest>) =>
  sendSigned(env, { service: 's3', method: 'PUT', target: `/${bucket}/key`, body: 'the body', ...more })

/** The right form, of other bytes. */
const wrong = { crc32: 'AAAAAA==', crc32c: 'AAAAAA==', crc64nvme: 'AAAAAAAAAAA=', sha1: '', sha256: '', md5: '' }
for (const name of ['sha1', 'sha256', 'md5'] as const) wrong[name] = createHash(name).update('other').digest('base64')

const code = (name: string) => expect.stringContaining(`<Code>${name}</Code>`)

describe('a wrong checksum is refused:', () => {
  test.each(['crc32', 'crc32c', 'crc64nvme', 'sha1', 'sha256'] as const)('%s in a header', async (name) => {
    const answer = await put({ headers: { [`x-amz-checksum-${name}`]: wrong[name] } })
    expect([answer.status, answer.text]).toEqual([400, code('BadDigest')])
  })

  test.each(['crc32', 'crc32c', 'crc64nvme', 'sha1', 'sha256'] as const)('%s in a trailer', async (name) => {
    const trailer = `x-amz-checksum-${name}`
    const answer = await put({
      headers: { 'x-amz-trailer': trailer, 'content-encoding': 'aws-chunked', 'x-amz-decoded-content-length': '8' },
      payloadHash: 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
      body: `8\r\nthe body\r\n0\r\n${trailer}:${wrong[name]}\r\n\r\n`,
    })
    expect([answer.status, answer.text]).toEqual([400, code('BadDigest')])
  })

  test('Content-MD5', async () => {
    const answer = await put({ headers: { 'content-md5': wrong.md5 } })
    expect([answer.status, answer.text]).toEqual([400, code('BadDigest')])
    const none = await put({ headers: { 'content-md5': 'bm9uZQ==' } })
    expect([none.status, none.text]).toEqual([400, code('InvalidDigest')])
  })

  test('x-amz-content-sha256', async () => {
    const answer = await put({ payloadHash: createHash('sha256').update('other').digest('hex') })
    expect([answer.status, answer.text]).toEqual([400, code('XAmzContentSHA256Mismatch')])
    const none = await put({ payloadHash: 'sha256' })
    expect([none.status, none.text]).toEqual([400, code('InvalidArgument')])
  })

  test('of a part, and the upload goes on without it', async () => {
    const { UploadId } = await clients.s3.createMultipartUpload({ Bucket: bucket, Key: 'key' })
    const target = `/${bucket}/key?partNumber=1&uploadId=${UploadId}`
    const answer = await put({ target, headers: { 'x-amz-checksum-crc32': wrong.crc32 } })
    expect([answer.status, answer.text]).toEqual([400, code('BadDigest')])
    expect((await clients.s3.listParts({ Bucket: bucket, Key: 'key', UploadId })).Parts ?? []).toEqual([])
    await clients.s3.abortMultipartUpload({ Bucket: bucket, Key: 'key', UploadId })
  })
})

describe('a body that is not all there is refused:', () => {
  test('the connection closes early', async () => {
    await put({ body: 'x'.repeat(300_000), sentBytes: 200_000 })
  })

  test('chunks end early', async () => {
    const headers = { 'content-encoding': 'aws-chunked', 'x-amz-decoded-content-length': '8' }
    const payloadHash = 'STREAMING-UNSIGNED-PAYLOAD-TRAILER'
    for (const body of [
      '8\r\nthe b',
      '8\r\nthe body\r\n',
      '4\r\nthe \r\n0\r\n\r\n',
      'zz\r\nthe body\r\n0\r\n\r\n',
      '',
    ]) {
      const answer = await put({ headers, payloadHash, body })
      expect([answer.status, body]).toEqual([400, body])
      expect(answer.text).toMatch(/<Code>(IncompleteBody|InvalidChunkSizeError|MalformedTrailerError)<\/Code>/)
    }
  })

  test('a signed request to a JSON service closes early', async () => {
    await sendSigned(env, {
      service: 'sagemaker',
      method: 'POST',
      target: '/',
      headers: { 'x-amz-target': 'SageMaker.CreateModel', 'content-type': 'application/x-amz-json-1.1' },
      body: JSON.stringify({ ModelName: 'half', ExecutionRoleArn: `arn:aws:iam::${env.facts.account}:role/SomeRole` }),
      sentBytes: 20,
    })
    expect((await clients.sagemaker.listModels({})).Models).toEqual([])
  })
})

describe('a signature', () => {
  test('that is expired, or of the future', async () => {
    for (const minutes of [-16, 16]) {
      const answer = await put({ at: new Date(Date.now() + minutes * 60_000) })
      expect([answer.status, answer.text]).toEqual([403, code('RequestTimeTooSkewed')])
    }
  })

  test('over another path, method, header or body', async () => {
    const changes: readonly ((head: string) => string)[] = [
      (head) => head.replace('/key ', '/other '),
      (head) => head.replace('PUT ', 'DELETE '),
      (head) => head.replace('/key ', '/key?acl= '),
      (head) => head.replace('content-type: a/b', 'content-type: a/c'),
      (head) => head.replace(/Signature=(.)/, (_, digit) => `Signature=${digit === '0' ? '1' : '0'}`),
    ]
    for (const tamper of changes) {
      const answer = await put({ headers: { 'content-type': 'a/b' }, tamper })
      expect([answer.status, answer.text]).toEqual([403, code('SignatureDoesNotMatch')])
    }
    const added = await put({ tamper: (head) => head.replace('\r\n\r\n', '\r\nx-amz-acl: public-read\r\n\r\n') })
    expect([added.status, added.text]).toEqual([403, code('AccessDenied')])
    const key = await put({ tamper: (head) => head.replace(/Credential=[^/]+/, 'Credential=AKIANOBODYATALL00000') })
    expect([key.status, key.text]).toEqual([403, code('InvalidAccessKeyId')])
    const none = await put({ tamper: (head) => head.replace(/authorization: .*\r\n/, '') })
    expect([none.status, none.text]).toEqual([403, code('AccessDenied')])
  })

  test('of one service does not open another', async () => {
    const answer = await put({ service: 'sagemaker' })
    expect([answer.status, JSON.parse(answer.text).__type]).toEqual([400, 'UnknownOperationException'])
    const json = await sendSigned(env, {
      ...{ service: 's3', method: 'POST', target: '/', body: '{}' },
      headers: { 'x-amz-target': 'SageMaker.ListModels', 'content-type': 'application/x-amz-json-1.1' },
    })
    expect([json.status, json.text]).toEqual([405, code('MethodNotAllowed')])
  })

  test('of the JSON and the query services, changed', async () => {
    const request = { method: 'POST', target: '/', tamper: (head: string) => head.replace('x-kind: a', 'x-kind: b') }
    const json = await sendSigned(env, {
      ...{ ...request, service: 'sagemaker', body: '{}' },
      headers: { 'x-kind': 'a', 'x-amz-target': 'SageMaker.ListModels', 'content-type': 'application/x-amz-json-1.1' },
    })
    expect([json.status, JSON.parse(json.text).__type]).toEqual([
      400,
      expect.stringMatching(/InvalidSignatureException$/),
    ])
    const query = await sendSigned(env, {
      ...{ ...request, service: 'sts', body: 'Action=GetCallerIdentity&Version=2011-06-15' },
      headers: { 'x-kind': 'a', 'content-type': 'application/x-www-form-urlencoded' },
    })
    expect([query.status, query.text]).toEqual([403, code('SignatureDoesNotMatch')])
  })

  test('of a presigned URL, expired, changed or used for another method', async () => {
    const sign = (expiresIn: number, signingDate?: Date) =>
      getSignedUrl(clients.s3, new PutObjectCommand({ Bucket: bucket, Key: 'key' }), { expiresIn, signingDate })
    const ask = async (url: string, method = 'PUT') => {
      const answer = await fetch(url, { method, body: method === 'PUT' ? 'the body' : undefined })
      return [answer.status, await answer.text()]
    }
    const late = await sign(60, new Date(Date.now() - 120_000))
    expect(await ask(late)).toEqual([403, expect.stringContaining('<Message>Request has expired</Message>')])
    const good = await sign(60)
    for (const url of [
      good.replace('/key?', '/other?'),
      good.replace('X-Amz-Expires=60', 'X-Amz-Expires=600'),
      good.replace(/X-Amz-Signature=(.)/, (_, digit) => `X-Amz-Signature=${digit === '0' ? '1' : '0'}`),
      `${good}&acl=`,
    ]) {
      expect(await ask(url)).toEqual([403, code('SignatureDoesNotMatch')])
    }
    expect(await ask(good, 'DELETE')).toEqual([403, code('SignatureDoesNotMatch')])
    const read = await getSignedUrl(clients.s3, new GetObjectCommand({ Bucket: bucket, Key: 'key' }))
    expect(await ask(read, 'GET')).toEqual([404, code('NoSuchKey')])
    expect(await ask(read, 'PUT')).toEqual([403, code('SignatureDoesNotMatch')])
  })
})
