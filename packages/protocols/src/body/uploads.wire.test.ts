import { createHash } from 'node:crypto'
import { connect } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { sendRaw } from '../testing/raw-request.ts'
import { type SignOptions, signedRequest } from '../testing/signed-request.ts'
import { ToyServer } from '../testing/toy-server.ts'

const toy = new ToyServer()
let stored: string[] = []

beforeAll(() => toy.start())
afterAll(() => toy.stop())
beforeEach(() => {
  toy.calls.length = 0
  stored = []
  toy.respond = async ({ input }) => {
    let text = ''
    for await (const part of (input.Body ?? []) as AsyncIterable<Uint8Array>) text += Buffer.from(part).toString()
    stored.push(text)
    return {}
  }
})

const put = (options: Partial<SignOptions>) =>
  signedRequest({ service: 's3', method: 'PUT', target: '/b/k', ...options })

const chunked = (trailers: string, announced: readonly (readonly [string, string])[] = [['X-Amz-Trailer', CRC32]]) =>
  put({
    body: `3\r\nabc\r\n0\r\n${trailers}`,
    payload: 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
    headers: [['X-Amz-Decoded-Content-Length', '3'], ...announced, ['Content-Encoding', 'aws-chunked']],
  })

const CRC32 = 'x-amz-checksum-crc32'
const GOOD = `${CRC32}:NSRBwg==\r\n`
const codeOf = (text: string) => /<Code>(.*)<\/Code>/.exec(text)?.[1] ?? ''

describe('trailers', () => {
  test.each([
    ['the announced one', `${GOOD}\r\n`, ''],
    [
      'another checksum besides',
      `${GOOD}x-amz-checksum-sha1:qZk+NkcGgWq6PiVxeFDCbJzQ2J0=\r\n\r\n`,
      'MalformedTrailerError',
    ],
    ['a header of the request besides', `${GOOD}x-amz-acl:public-read\r\n\r\n`, 'MalformedTrailerError'],
    ['the announced one twice', `${GOOD}${GOOD}\r\n`, 'MalformedTrailerError'],
  ])('%s', async (_, trailers, code) => {
    const { text } = await sendRaw(toy.port, chunked(trailers))
    expect(codeOf(text)).toBe(code)
    expect(stored).toEqual(code === '' ? ['abc'] : [])
  })

  test('one that nothing announced', async () => {
    const { text } = await sendRaw(toy.port, chunked(`${GOOD}\r\n`, []))
    expect(codeOf(text)).toBe('MalformedTrailerError')
    expect(stored).toEqual([])
  })

  test.each([
    ['one line of more than 8 KiB', 'x'.repeat(20_000)],
    [
      'many lines of more than 8 KiB',
      Array.from({ length: 300 }, (_, i) => `x-amz-a${i}:${'x'.repeat(60)}\r\n`).join(''),
    ],
  ])('%s are refused before they end', async (_, trailers) => {
    const { method, target, headers, body } = chunked(trailers)
    const head = headers
      .map(([name, value]) => `${name}: ${name === 'Content-Length' ? 10_000_000 : value}\r\n`)
      .join('')
    const socket = connect(toy.port, '127.0.0.1')
    let text = ''
    socket.on('data', (part) => (text += part))
    socket.write(`${method} ${target} HTTP/1.1\r\n${head}\r\n`)
    socket.write(body)
    await expect.poll(() => codeOf(text), { interval: 5, timeout: 4_000 }).toBe('MalformedTrailerError')
    socket.destroy()
    expect(stored).toEqual([])
  })
})

describe('a length is needed', () => {
  const withoutLength = (request: ReturnType<typeof put>) => ({
    ...request,
    headers: request.headers.filter(([name]) => name !== 'Content-Length'),
  })

  test.each([
    ['in no header', () => withoutLength(put({ body: 'content', payload: 'UNSIGNED-PAYLOAD' }))],
    [
      'of what the chunks hold',
      () =>
        put({
          body: '3\r\nabc\r\n0\r\n\r\n',
          payload: 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
          headers: [['Content-Encoding', 'aws-chunked']],
        }),
    ],
    [
      'in digits',
      () =>
        put({
          body: '3\r\nabc\r\n0\r\n\r\n',
          payload: 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
          headers: [
            ['X-Amz-Decoded-Content-Length', '3e0'],
            ['Content-Encoding', 'aws-chunked'],
          ],
        }),
    ],
  ])('%s', async (_, request) => {
    const answer = await sendRaw(toy.port, request())
    expect([answer.status, codeOf(answer.text)]).toEqual([411, 'MissingContentLength'])
    expect(answer.text).toContain('You must provide the Content-Length HTTP header.')
    expect(stored).toEqual([])
  })
})

describe('a digest beside the signed hash', () => {
  const send = (options: SignOptions) => sendRaw(toy.port, signedRequest(options))
  const digest = (name: string, body: string) => createHash(name).update(body).digest('base64')
  const deletion = '<Delete><Object><Key>k</Key></Object></Delete>'
  const tagging = '<Tagging><TagSet><Tag><Key>k</Key><Value>v</Value></Tag></TagSet></Tagging>'

  test.each([
    ['POST', '/b?delete=', deletion],
    ['PUT', '/b?tagging=', tagging],
  ])('is asked for by %s %s', async (method, target, body) => {
    const bare = await send({ service: 's3', method, target, body })
    expect(bare.status).toBe(400)
    expect(bare.text).toContain(
      '<Code>InvalidRequest</Code><Message>Missing required header for this request: Content-MD5 OR x-amz-checksum-*</Message>',
    )
    expect(toy.calls).toEqual([])
    for (const header of [
      ['Content-MD5', digest('md5', body)],
      ['x-amz-checksum-sha256', digest('sha256', body)],
    ] as const) {
      const answer = await send({ service: 's3', method, target, body, headers: [header] })
      expect([answer.status, answer.text]).toEqual([200, expect.not.stringContaining('<Error>')])
    }
    const trailed = await send({
      service: 's3',
      method,
      target,
      body: `${body.length.toString(16)}\r\n${body}\r\n0\r\nx-amz-checksum-sha256:${digest('sha256', body)}\r\n\r\n`,
      payload: 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
      headers: [
        ['X-Amz-Decoded-Content-Length', `${body.length}`],
        ['X-Amz-Trailer', 'x-amz-checksum-sha256'],
        ['Content-Encoding', 'aws-chunked'],
      ],
    })
    expect([trailed.status, trailed.text]).toEqual([200, expect.not.stringContaining('<Error>')])
    expect(toy.calls).toHaveLength(3)
  })

  test('is not asked for by PutObjectTagging', async () => {
    const answer = await send({ service: 's3', method: 'PUT', target: '/b/k?tagging=', body: tagging })
    expect([answer.status, toy.calls.map(({ operation }) => operation)]).toEqual([200, ['PutObjectTagging']])
  })
})
