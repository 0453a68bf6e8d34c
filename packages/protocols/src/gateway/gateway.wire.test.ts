import { createHash } from 'node:crypto'
import { Agent, request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { AnsweredRequest } from '../index.ts'
import { sendRaw } from '../testing/raw-request.ts'
import { type SignOptions, signedRequest } from '../testing/signed-request.ts'
import { ToyServer } from '../testing/toy-server.ts'

const toy = new ToyServer()
const answered: AnsweredRequest[] = []

beforeAll(() =>
  toy.start({
    without: ['CreateCluster', 'GetBucketAcl', 'CreateUser'],
    answered: (request) => answered.push(request),
    s3HostSuffixes: ['s3.sagebrush.test'],
    before: (request, response) => {
      if (request.url !== '/_sagebrush/health') return false
      response.end('healthy')
      return true
    },
  }),
)
afterAll(() => toy.stop())
beforeEach(() => {
  toy.calls.length = 0
  toy.failures.length = 0
  answered.length = 0
  toy.respond = async ({ input }) => {
    if (input.Body && !(input.Body instanceof Uint8Array)) {
      for await (const _ of input.Body as AsyncIterable<Uint8Array>);
    }
    return {}
  }
})

const send = (options: SignOptions) => sendRaw(toy.port, signedRequest(options))
const json = (target: string, body: string, service = 'sagemaker') =>
  send({
    service,
    body,
    headers: [
      ['X-Amz-Target', target],
      ['Content-Type', 'application/x-amz-json-1.1'],
    ],
  })

describe('routing', () => {
  test('paths that are no service of AWS', async () => {
    expect(await (await fetch(`${toy.url}/_sagebrush/health`)).text()).toBe('healthy')
  })

  test.each([
    ['json', () => json('SageMaker.NoSuchThing', '{}'), 400, /"UnknownOperationException".*NoSuchThing/],
    ['json, a name of Object', () => json('SageMaker.constructor', '{}'), 400, /"UnknownOperationException"/],
    ['json, another service', () => json('Logs_20140328.DescribeLogGroups', '{}'), 400, /"UnknownOperationException"/],
    ['json, no target', () => send({ service: 'logs', body: '{}' }), 400, /header X-Amz-Target/],
    [
      'rest-json',
      () => send({ service: 'sagemaker', target: '/endpoints/e/nothing' }),
      400,
      /UnknownOperationException/,
    ],
    [
      'query',
      () => send({ service: 'sts', body: 'Action=Nothing&Version=1' }),
      400,
      /<Code>InvalidAction<.*Nothing for version 1/,
    ],
    ['query, no action', () => send({ service: 'iam', body: 'Version=1' }), 400, /<Code>MissingAction</],
    ['s3', () => send({ service: 's3', method: 'DELETE', target: '/' }), 405, /<Code>MethodNotAllowed</],
    [
      's3, half of an UploadPart',
      () => send({ service: 's3', method: 'PUT', target: '/b/k?partNumber=1' }),
      405,
      /MethodNotAllowed/,
    ],
    [
      's3, a key that is no text',
      () => send({ service: 's3', method: 'PUT', target: '/b/%FF' }),
      400,
      /<Code>InvalidURI</,
    ],
    [
      's3, a percent sign that begins no byte',
      () => send({ service: 's3', method: 'PUT', target: '/b/%zz' }),
      400,
      /<Code>InvalidURI<.Code><Message>Couldn't parse the specified URI\.<.*<URI>\/b\/%zz</,
    ],
    [
      'a service that is not here',
      () => json('DynamoDB_20120810.ListTables', '{}', 'dynamodb'),
      400,
      /service 'dynamodb'/,
    ],
  ])('%s: no such operation', async (_, call, status, text) => {
    const answer = await call()
    expect(answer.text).toMatch(text)
    expect(answer.status).toBe(status)
    expect(toy.calls).toEqual([])
    expect(toy.failures).toEqual([])
  })

  test.each([
    [
      'json',
      () => json('SageMaker.CreateCluster', '{}'),
      /"NotImplementedException".*CreateCluster of Amazon SageMaker Service is not implemented by Sagebrush yet: see docs\/api-coverage.md/,
    ],
    ['s3', () => send({ service: 's3', method: 'GET', target: '/b?acl=' }), /<Code>NotImplemented<.*GetBucketAcl/],
    ['query', () => send({ service: 'iam', body: 'Action=CreateUser' }), /<Code>NotImplemented<.*CreateUser/],
  ])('%s: an operation that is not there yet', async (_, call, text) => {
    const answer = await call()
    expect(answer.text).toMatch(text)
    expect(answer.status).toBe(501)
  })

  test.each([
    ['my.bucket.s3.amazonaws.com', 'my.bucket'],
    ['b.s3.us-east-1.amazonaws.com', 'b'],
    ['b.s3.dualstack.eu-west-1.amazonaws.com:443', 'b'],
    ['b.s3-us-west-2.amazonaws.com', 'b'],
    ['b.localhost:9', 'b'],
    ['b.s3.localhost', 'b'],
    ['my.bucket.s3.localhost:9', 'my.bucket'],
    ['B.s3.sagebrush.test', 'b'],
    ['s3.amazonaws.com', 'key'],
    ['s3.us-east-1.amazonaws.com', 'key'],
    ['localhost', 'key'],
    ['s3.localhost:9', 'key'],
    ['[::1]:80', 'key'],
    ['10.0.0.1', 'key'],
  ])('host %s: bucket %s', async (host, bucket) => {
    await send({ service: 's3', method: 'GET', target: '/key/more', host })
    expect(toy.calls.at(-1)?.input).toEqual(
      bucket === 'key' ? { Bucket: 'key', Key: 'more' } : { Bucket: bucket, Key: 'key/more' },
    )
  })
})

describe('bad bodies', () => {
  test.each([
    ['{"TrainingJobName":', /The request body is not JSON/],
    ['{"a":"\xff"}', /it is not UTF-8/],
    ['{"TrainingJobName":1}', /NUMBER_VALUE can not be converted to a String \(at 'trainingJobName'\)/],
    ['{"TrainingJobName":["a"]}', /Start of list found where not expected \(at 'trainingJobName'\)/],
    [
      '{"ResourceConfig":{"InstanceCount":"2"}}',
      /STRING_VALUE can not be converted to an Integer \(at 'resourceConfig.instanceCount'\)/,
    ],
    ['{"EnableNetworkIsolation":"true"}', /can not be converted to a Boolean \(at 'enableNetworkIsolation'\)/],
    ['[]', /^Start of list found where not expected$/],
    ['{"TrainingJobName":{}}', /^Start of structure or map found where not expected\. \(at 'trainingJobName'\)$/],
    ['{"Tags":1}', /^Expected list or null \(at 'tags'\)$/],
    ['{"HyperParameters":"C=1"}', /^Expected map or null \(at 'hyperParameters'\)$/],
    ['{"ResourceConfig":true}', /^Expected null \(at 'resourceConfig'\)$/],
  ])('%s', async (body, text) => {
    const request = signedRequest({
      service: 'sagemaker',
      body: Buffer.from(body, 'latin1'),
      headers: [['X-Amz-Target', 'SageMaker.CreateTrainingJob']],
    })
    const answer = await sendRaw(toy.port, request)
    expect(JSON.parse(answer.text)).toMatchObject({
      __type: 'SerializationException',
      message: expect.stringMatching(text),
    })
    expect(answer.status).toBe(400)
  })

  test.each([
    ['<Delete><Object></Delete>', /MalformedXML/],
    [
      '<!DOCTYPE d [<!ENTITY a "b">]><Delete><Object><Key>&a;</Key></Object></Delete>',
      /document type declarations are not allowed/,
    ],
    ['<Delete><Object><Key>&a;</Key></Object></Delete>', /entity that XML does not define/],
    ['<Other/>', /its root is Other, not Delete/],
    [`${'<Delete>'.repeat(60)}${'</Delete>'.repeat(60)}`, /nested deeper/],
    ['<Delete><Quiet>perhaps</Quiet></Delete>', /Quiet is no boolean/],
    [
      '<Delete><Object/></Delete>',
      /at 'delete.objects.1.member.key' failed to satisfy constraint: Member must not be null/,
    ],
    ['not xml', /MalformedXML/],
  ])('%s', async (body, text) => {
    const md5 = createHash('md5').update(body).digest('base64')
    const answer = await send({ service: 's3', target: '/b?delete=', body, headers: [['Content-MD5', md5]] })
    expect(answer.text).toMatch(/<Code>MalformedXML<\/Code>/)
    expect(answer.text).toMatch(text)
    expect(toy.calls).toEqual([])
  })

  test('over the limit', async () => {
    const answer = await json('SageMaker.ListModels', ' '.repeat(8 * 1024 * 1024 + 1))
    expect(answer.status).toBe(413)
    expect(answer.text).toContain('HTTP content length exceeded 8388608 bytes.')
    const xml = await send({ service: 's3', target: '/b?delete=', body: ' '.repeat(8 * 1024 * 1024 + 1) })
    expect(xml.text).toContain('<Code>MaxMessageLengthExceeded</Code>')
  })

  test.each([
    [[['Content-MD5', 'AAAA']], 'InvalidDigest'],
    [[['Content-MD5', 'AAAAAAAAAAAAAAAAAAAAAA==']], 'BadDigest'],
    [[['x-amz-checksum-crc32', 'nonsense']], 'InvalidRequest'],
    [[['x-amz-checksum-crc32c', 'AAAAAA==']], 'BadDigest'],
    [[['x-amz-checksum-sha512', 'AAAAAA==']], 'InvalidRequest'],
    [
      [
        ['x-amz-checksum-sha1', 'AAAAAAAAAAAAAAAAAAAAAAAAAAA='],
        ['x-amz-checksum-crc32', 'AAAAAA=='],
      ],
      'InvalidRequest',
    ],
    [[['x-amz-sdk-checksum-algorithm', 'CRC32']], 'InvalidRequest'],
  ] as [[string, string][], string][])('%j is %s', async (headers, code) => {
    const answer = await send({ service: 's3', method: 'PUT', target: '/b/k', body: 'content', headers })
    expect(answer.text).toContain(`<Code>${code}</Code>`)
    expect(answer.status).toBe(400)
    expect(toy.failures).toEqual([])
  })

  const chunked = (body: string, length: number, trailer = 'x-amz-checksum-crc32') =>
    send({
      service: 's3',
      method: 'PUT',
      target: '/b/k',
      body,
      payload: 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
      headers: [
        ['X-Amz-Decoded-Content-Length', `${length}`],
        ['X-Amz-Trailer', trailer],
        ['Content-Encoding', 'aws-chunked'],
      ],
    })

  test.each([
    ['as it should be', '3\r\nabc\r\n0\r\nx-amz-checksum-crc32:NSRBwg==\r\n\r\n', 3, ''],
    ['without the last empty line', '3\r\nabc\r\n0\r\nx-amz-checksum-crc32:NSRBwg==\r\n', 3, ''],
    ['another checksum', '3\r\nabc\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n', 3, 'BadDigest'],
    ['no trailer', '3\r\nabc\r\n0\r\n\r\n', 3, 'MalformedTrailerError'],
    ['another trailer', '3\r\nabc\r\n0\r\nx-amz-checksum-sha1:NSRBwg==\r\n\r\n', 3, 'MalformedTrailerError'],
    ['shorter than it says', '3\r\nabc\r\n0\r\nx-amz-checksum-crc32:NSRBwg==\r\n\r\n', 4, 'IncompleteBody'],
    ['longer than it says', '3\r\nabc\r\n0\r\nx-amz-checksum-crc32:NSRBwg==\r\n\r\n', 2, 'IncompleteBody'],
    ['broken off in a chunk', '5\r\nabc', 5, 'IncompleteBody'],
    ['more after the end', '3\r\nabc\r\n0\r\nx-amz-checksum-crc32:NSRBwg==\r\n\r\nmore', 3, 'InvalidChunkSizeError'],
    ['no chunks at all', 'abc', 3, 'IncompleteBody'],
    ['a chunk longer than it says', '2\r\nabc\r\n0\r\n\r\n', 3, 'InvalidChunkSizeError'],
  ])('chunks %s', async (_, body, length, code) => {
    const answer = await chunked(body, length)
    expect(/<Code>(.*)<\/Code>/.exec(answer.text)?.[1] ?? '').toBe(code)
    expect(toy.failures).toEqual([])
  })

  test('a large body that is refused early does not block the connection', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const put = (headers: [string, string][], body: Uint8Array) =>
      new Promise<string>((resolve, reject) => {
        const signed = signedRequest({ service: 's3', method: 'PUT', target: '/b/k', body, headers })
        const request = httpRequest(
          { port: toy.port, host: '127.0.0.1', method: 'PUT', path: '/b/k', headers: signed.headers.flat(), agent },
          (response) => {
            let text = ''
            response.on('data', (part) => {
              text += part
            })
            response.on('end', () => resolve(text))
          },
        )
        request.on('error', reject)
        request.end(body)
      })
    const large = Buffer.alloc(30_000_000)
    expect(await put([['x-amz-checksum-crc32', 'nonsense']], large)).toContain('<Code>InvalidRequest</Code>')
    toy.respond = () => ({})
    expect(await put([], large)).toBe('')
    expect(await put([], Buffer.from('small'))).toBe('')
    agent.destroy()
  })

  test('a client that goes away in its body leaves nothing in the log and an incomplete stream', async () => {
    let thrown: unknown
    toy.respond = async ({ input }) => {
      try {
        for await (const _ of input.Body as AsyncIterable<Uint8Array>);
      } catch (error) {
        thrown = error
        throw error
      }
    }
    const { method, target, headers } = signedRequest({
      service: 's3',
      method: 'PUT',
      target: '/b/k',
      payload: 'UNSIGNED-PAYLOAD',
    })
    const head = headers.map(([name, value]) => `${name}: ${name === 'Content-Length' ? 100 : value}\r\n`).join('')
    const socket = connect(toy.port, '127.0.0.1')
    socket.write(`${method} ${target} HTTP/1.1\r\n${head}\r\nonly this`)
    await expect.poll(() => toy.calls.length).toBe(1)
    socket.destroy()
    await expect.poll(() => (thrown as Error | undefined)?.name).toBe('BodyTruncated')
    await expect.poll(() => answered[0]?.error).toBe('IncompleteBody')
    expect(toy.failures).toEqual([])
  })
})

describe('Expect: 100-continue', () => {
  const put = (edit: (headers: [string, string][]) => void) =>
    new Promise<{ continued: boolean; status: number; connection: string | undefined }>((resolve, reject) => {
      const signed = signedRequest({ service: 's3', method: 'PUT', target: '/b/k', body: 'content' })
      const headers = signed.headers.map(([name, value]): [string, string] => [name, value])
      edit(headers)
      const request = httpRequest({
        port: toy.port,
        host: '127.0.0.1',
        method: 'PUT',
        path: '/b/k',
        headers: [...headers, ['Expect', '100-continue']].flat(),
        agent: false,
      })
      let continued = false
      request.on('continue', () => {
        continued = true
        request.end('content')
      })
      request.on('response', (response) => {
        response.resume()
        resolve({ continued, status: response.statusCode ?? 0, connection: response.headers.connection })
      })
      request.on('error', reject)
      request.flushHeaders()
    })

  test('is told to go on once its signature is good', async () => {
    expect(await put(() => {})).toMatchObject({ continued: true, status: 200 })
  })

  test('is refused unread otherwise', async () => {
    const refused = await put((headers) => {
      for (const header of headers) header[1] = header[1].replace(/Signature=./, 'Signature=x')
    })
    expect(refused).toEqual({ continued: false, status: 403, connection: 'close' })
  })

  test('a refused connection is closed though the client would keep it: its body must not be read as a request', async () => {
    const { method, target, headers } = signedRequest({ service: 's3', method: 'PUT', target: '/b/k', body: 'content' })
    const forged = headers
      .map(([name, value]) => `${name}: ${value.replace(/Signature=./, 'Signature=x')}\r\n`)
      .join('')
    const socket = connect(toy.port, '127.0.0.1')
    let text = ''
    socket.on('data', (part) => (text += part))
    const closed = new Promise((resolve) => socket.once('close', resolve))
    socket.write(`${method} ${target} HTTP/1.1\r\n${forged}Expect: 100-continue\r\nConnection: keep-alive\r\n\r\n`)
    await closed
    expect(text).toMatch(/^HTTP\/1\.1 403 /)
    expect(text.toLowerCase()).toContain('\r\nconnection: close\r\n')
    expect(toy.calls).toEqual([])
  })
})

describe('the context', () => {
  test.each([
    ['Boto3/1.44.5 md/Botocore#1.44.5 m/N,E,Z,b,e,B cfg/retry-mode#legacy', true],
    ['m/B', true],
    ['aws-cli/2.9.19 Python/3.11.2 prompt/off command/sagemaker.wait.training-job-completed-or-stopped', true],
    ['aws-cli/2.9.19 Python/3.11.2 prompt/off command/sagemaker.describe-training-job', false],
    ['aws-cli/2.9.19 mycommand/sagemaker.wait.endpoint-in-service', false],
    ['Boto3/1.44.5 m/N,E,Z,b,e', false],
    ['Boto3/1.44.5 lang/B', false],
    ['', false],
  ])('%s: waiter %s', async (userAgent, waiter) => {
    await send({
      service: 'sagemaker',
      headers: [
        ['X-Amz-Target', 'SageMaker.ListModels'],
        ['User-Agent', userAgent],
      ],
    })
    expect(toy.calls.at(-1)?.ctx.waiter).toBe(waiter)
  })

  test('every request is told of once', async () => {
    await json('SageMaker.ListModels', '{}')
    await json('SageMaker.CreateModel', '{}')
    expect(answered).toMatchObject([
      { service: 'sagemaker', operation: 'ListModels', account: '123456789012', status: 200, error: undefined },
      { service: 'sagemaker', operation: 'CreateModel', status: 400, error: 'ValidationException' },
    ])
  })
})
