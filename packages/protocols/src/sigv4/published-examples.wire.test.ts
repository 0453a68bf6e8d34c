import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type RawRequest, sendRaw } from '../testing/raw-request.ts'
import { ToyServer, toyKey } from '../testing/toy-server.ts'

/*
 * The worked examples of AWS's documentation of Signature Version 4: their keys, requests and signatures.
 * S3: "Authenticating Requests: Using the Authorization Header", "… Using Query Parameters", "Transferring Payload
 * in Multiple Chunks" with and without trailers. IAM: "Signing AWS requests".
 */

const toy = new ToyServer()
let stored = Buffer.alloc(0)

beforeAll(() => toy.start())
afterAll(() => toy.stop())
beforeEach(() => {
  toy.calls.length = 0
  stored = Buffer.alloc(0)
  toy.keys = [
    toyKey,
    { ...toyKey, accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' },
  ]
  toy.now = () => new Date('2013-05-24T00:01:00Z')
  toy.respond = async ({ input }) => {
    const parts: Uint8Array[] = []
    if (input.Body) for await (const part of input.Body as AsyncIterable<Uint8Array>) parts.push(part)
    stored = Buffer.concat(parts)
    return {}
  }
})

const EMPTY = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'
const SCOPE = 'AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request'
const DATE: [string, string] = ['x-amz-date', '20130524T000000Z']

function s3(
  method: string,
  host: string,
  target: string,
  headers: readonly [string, string][],
  signature: string,
  body: Uint8Array = Buffer.alloc(0),
): RawRequest {
  const all: [string, string][] = [['Host', host], DATE, ...headers]
  const signedHeaders = all.map(([name]) => name.toLowerCase()).sort()
  const authorization = `AWS4-HMAC-SHA256 Credential=${SCOPE},SignedHeaders=${signedHeaders.join(';')},Signature=${signature}`
  const length: [string, string][] = signedHeaders.includes('content-length')
    ? []
    : [['Content-Length', `${body.length}`]]
  return { method, target, headers: [...all, ['Authorization', authorization], ...length], body }
}

const sha = (value: string): [string, string] => ['x-amz-content-sha256', value]
const bucket = 'examplebucket.s3.amazonaws.com'

describe('S3, signed headers', () => {
  test.each([
    [
      'GetObject',
      s3(
        'GET',
        bucket,
        '/test.txt',
        [['Range', 'bytes=0-9'], sha(EMPTY)],
        'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41',
      ),
    ],
    [
      'GetBucketLifecycleConfiguration',
      s3(
        'GET',
        bucket,
        '/?lifecycle',
        [sha(EMPTY)],
        'fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
      ),
    ],
    [
      'ListObjects',
      s3(
        'GET',
        bucket,
        '/?max-keys=2&prefix=J',
        [sha(EMPTY)],
        '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7',
      ),
    ],
    [
      'PutObject',
      s3(
        'PUT',
        bucket,
        '/test$file.text',
        [
          ['Date', 'Fri, 24 May 2013 00:00:00 GMT'],
          ['x-amz-storage-class', 'REDUCED_REDUNDANCY'],
          sha('44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072'),
        ],
        '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
        Buffer.from('Welcome to Amazon S3.'),
      ),
    ],
  ])('%s', async (operation, request) => {
    const answer = await sendRaw(toy.port, request)
    expect(answer.text).not.toContain('<Error>')
    expect(toy.calls.at(-1)).toMatchObject({
      operation,
      input: { Bucket: 'examplebucket' },
      ctx: { caller: { region: 'us-east-1' } },
    })
  })

  test('another body than the one that was signed', async () => {
    const request = s3(
      'PUT',
      bucket,
      '/test$file.text',
      [
        ['Date', 'Fri, 24 May 2013 00:00:00 GMT'],
        ['x-amz-storage-class', 'REDUCED_REDUNDANCY'],
        sha('44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072'),
      ],
      '98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
      Buffer.from('Welcome to Amazon S4.'),
    )
    expect((await sendRaw(toy.port, request)).text).toContain('<Code>XAmzContentSHA256Mismatch</Code>')
    expect(stored).toHaveLength(0)
  })
})

const query =
  '/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404'

describe('S3, presigned', () => {
  const get = async (target: string) =>
    (await sendRaw(toy.port, { method: 'GET', target, headers: [['Host', bucket]], body: Buffer.alloc(0) })).text

  test('within its day, and not after', async () => {
    expect(await get(query)).toBe('')
    toy.now = () => new Date('2013-05-25T00:00:01Z')
    expect(await get(query)).toMatch(/<Code>AccessDenied<\/Code><Message>Request has expired<.*<X-Amz-Expires>86400</s)
    toy.now = () => new Date('2013-05-23T23:40:00Z')
    expect(await get(query)).toContain('<Message>Request is not yet valid</Message>')
  })

  test.each([
    [query.replace('Expires=86400', 'Expires=604801'), 'X-Amz-Expires must be less than a week'],
    [query.replace('Expires=86400', 'Expires=-1'), 'X-Amz-Expires must be non-negative'],
    [query.replace('Expires=86400', 'Expires=soon'), 'X-Amz-Expires should be a number'],
    [query.replace('&X-Amz-Expires=86400', ''), 'AuthorizationQueryParametersError'],
    [query.replace('20130524%2F', ''), 'Error parsing the X-Amz-Credential parameter'],
    [`${query}&X-Amz-Expires=86400`, 'X-Amz-Expires must be given once'],
    [query.replace('SignedHeaders=host', 'SignedHeaders=range'), '<HeadersNotSigned>host</HeadersNotSigned>'],
    [query.replace('Date=20130524', 'Date=20130525'), 'AuthorizationHeaderMalformed'],
  ])('%s', async (target, message) => {
    expect(await get(target)).toContain(message)
    expect(toy.calls).toEqual([])
  })
})

describe('S3, signed chunks', () => {
  const content = Buffer.alloc(66_560, 'a')
  const chunk = (size: number, signature: string) =>
    `${size.toString(16)};chunk-signature=${signature}\r\n${size === 0 ? '' : `${'a'.repeat(size)}\r\n`}`
  const headers: [string, string][] = [
    ['Content-Encoding', 'aws-chunked'],
    ['x-amz-decoded-content-length', '66560'],
    ['x-amz-storage-class', 'REDUCED_REDUNDANCY'],
  ]
  const plainBody =
    chunk(65_536, 'ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648') +
    chunk(1024, '0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497') +
    `${chunk(0, 'b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9')}\r\n`
  const plain = (body: string) =>
    s3(
      'PUT',
      's3.amazonaws.com',
      '/examplebucket/chunkObject.txt',
      [...headers, ['Content-Length', '66824'], sha('STREAMING-AWS4-HMAC-SHA256-PAYLOAD')],
      '4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9',
      Buffer.from(body),
    )
  const trailerBody =
    chunk(65_536, 'b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2') +
    chunk(1024, '1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7') +
    chunk(0, '2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992') +
    'x-amz-checksum-crc32c:sOO8/Q==\r\n' +
    'x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n\r\n'
  const trailer = (body: string) =>
    s3(
      'PUT',
      's3.amazonaws.com',
      '/examplebucket/chunkObject.txt',
      [...headers, ['x-amz-trailer', 'x-amz-checksum-crc32c'], sha('STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER')],
      '106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e',
      Buffer.from(body),
    )

  test('are joined to the content', async () => {
    expect((await sendRaw(toy.port, plain(plainBody))).text).toBe('')
    expect(stored.equals(content)).toBe(true)
    expect(toy.calls.at(-1)?.input.ContentEncoding).toBeUndefined()
  })

  test('with a signed trailer', async () => {
    expect((await sendRaw(toy.port, trailer(trailerBody))).text).toBe('')
    expect(stored.equals(content)).toBe(true)
  })

  test.each([
    ['a byte of the second chunk', plain(plainBody.replace(/a\r\n0;/, 'b\r\n0;')), 'SignatureDoesNotMatch'],
    ['a signature', plain(plainBody.replace('ad80c', 'ad80d')), 'SignatureDoesNotMatch'],
    ['the last signature', plain(plainBody.replace('b6c6ea', 'b6c6eb')), 'SignatureDoesNotMatch'],
    ['a size that is none', plain(plainBody.replace('10000;', '1000z;')), 'InvalidChunkSizeError'],
    ['the trailer', trailer(trailerBody.replace('sOO8', 'sOO9')), 'SignatureDoesNotMatch'],
    ["the trailer's signature", trailer(trailerBody.replace('d81f8', 'd81f9')), 'SignatureDoesNotMatch'],
    [
      'no trailer',
      trailer(`${trailerBody.slice(0, trailerBody.indexOf('x-amz-checksum'))}\r\n`),
      'SignatureDoesNotMatch',
    ],
    [
      'an undeclared trailer',
      trailer(trailerBody.replace('x-amz-checksum-crc32c:', 'x-amz-meta-a:1\r\nx-amz-checksum-crc32c:')),
      'SignatureDoesNotMatch',
    ],
  ])('%s changed', async (_, request, code) => {
    expect((await sendRaw(toy.port, request)).text).toContain(`<Code>${code}</Code>`)
    expect(stored).toHaveLength(0)
  })
})

describe('IAM', () => {
  const signature = '5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7'
  const request = (
    edit: { date?: string; authorization?: (text: string) => string; headers?: [string, string][] } = {},
  ): RawRequest => {
    const authorization = `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature=${signature}`
    return {
      method: 'GET',
      target: '/?Action=ListUsers&Version=2010-05-08',
      headers: [
        ['Content-Type', 'application/x-www-form-urlencoded; charset=utf-8'],
        ['Host', 'iam.amazonaws.com'],
        ['X-Amz-Date', edit.date ?? '20150830T123600Z'],
        ['Authorization', edit.authorization?.(authorization) ?? authorization],
        ...(edit.headers ?? []),
      ],
      body: Buffer.alloc(0),
    }
  }
  beforeEach(() => {
    toy.now = () => new Date('2015-08-30T12:40:00Z')
    toy.respond = () => ({ Users: [] })
  })

  test('ListUsers', async () => {
    const answer = await sendRaw(toy.port, request())
    expect(answer.text).toContain('<ListUsersResult><Users></Users></ListUsersResult>')
    expect(answer.headers['x-amzn-requestid']).toBe(toy.calls.at(-1)?.ctx.requestId)
  })

  test('its clock', async () => {
    toy.now = () => new Date('2015-08-30T12:51:01Z')
    expect((await sendRaw(toy.port, request())).text).toContain(
      '<Code>SignatureDoesNotMatch</Code><Message>Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z (20150830T125101Z - 15 min.)</Message>',
    )
    toy.now = () => new Date('2015-08-30T12:20:59Z')
    expect((await sendRaw(toy.port, request())).text).toContain(
      'Signature not yet current: 20150830T123600Z is still later than 20150830T123559Z (20150830T122059Z + 15 min.)',
    )
  })

  test('its clock, where another skew is set', async () => {
    const strict = await new ToyServer().start({ clockSkewMs: 90_000 })
    strict.keys = toy.keys
    strict.respond = () => ({ Users: [] })
    strict.now = () => new Date('2015-08-30T12:37:30Z')
    expect((await sendRaw(strict.port, request())).text).toContain('<Users></Users>')
    strict.now = () => new Date('2015-08-30T12:37:31Z')
    expect((await sendRaw(strict.port, request())).text).toContain(
      'earlier than 20150830T123601Z (20150830T123731Z - 90 sec.)',
    )
    strict.now = () => new Date('2015-08-30T12:34:29Z')
    expect((await sendRaw(strict.port, request())).text).toContain(
      'later than 20150830T123559Z (20150830T123429Z + 90 sec.)',
    )
    await strict.stop()
  })

  test.each([
    [{ authorization: (text: string) => text.replace('Signature=5', 'Signature=6') }, 'SignatureDoesNotMatch'],
    [{ authorization: (text: string) => text.replace(/, Signature=.*/, '') }, "requires 'Signature' parameter"],
    [{ authorization: (text: string) => text.replace('/us-east-1', '') }, 'IncompleteSignature'],
    [{ authorization: (text: string) => text.replace('us-east-1', '../../etc') }, 'IncompleteSignature'],
    [{ authorization: (text: string) => text.replace('AKID', 'BKID') }, 'InvalidClientTokenId'],
    [{ authorization: () => 'AWS AKIDEXAMPLE:c2lnbmF0dXJl' }, 'not supported'],
    [{ authorization: (text: string) => text.replace('host;', '') }, 'must be a &apos;SignedHeader&apos;'],
    [{ headers: [['X-Amz-Security-Token', 'token']] as [string, string][] }, 'must be a &apos;SignedHeader&apos;'],
    [{ date: '20150831T123600Z' }, 'Date in Credential scope does not match'],
    [{ date: 'yesterday' }, 'existence of either'],
  ])('refuses %o', async (edit, message) => {
    const answer = await sendRaw(toy.port, request(edit))
    expect(answer.text.replaceAll("'", '&apos;')).toContain(message.replaceAll("'", '&apos;'))
    expect(answer.status).toBeGreaterThanOrEqual(400)
    expect(toy.calls).toEqual([])
  })

  test('temporary credentials expire and need their token', async () => {
    toy.keys = [{ ...toyKey, sessionToken: 'token' }]
    expect((await sendRaw(toy.port, request())).text).toContain('<Code>InvalidClientTokenId</Code>')
    toy.keys = [{ ...toyKey, expires: new Date('2015-08-30T12:40:00Z') }]
    expect((await sendRaw(toy.port, request())).text).toContain('<Code>ExpiredToken</Code>')
  })
})
