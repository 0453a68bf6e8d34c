import { createServer } from 'node:http'
import { BlockList } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { bypasses, parseUpstream } from './dial.ts'
import { isOpenTo } from './open-to.ts'
import { Closers, listenOn, openTestProxy, recorder, upstreamProxy, worldServer } from './testing.ts'
import { exchange, secureTunnel, tunnel } from './testing-client.ts'

const closers = new Closers()
afterEach(() => closers.close())

const HOST = 'bedrock.us-east-1.amazonaws.com'
const signed = (key: string) =>
  `AWS4-HMAC-SHA256 Credential=${key}/20260101/us-east-1/bedrock/aws4_request, SignedHeaders=host, Signature=00`

/** A world in which every host is one server of ours, behind the user's own proxy. */
async function withWorld(passThrough: readonly string[], user = '') {
  const world = await worldServer(closers, [HOST])
  const upstream = await upstreamProxy(closers, world.port)
  const options = { proxy: `http://${user}${upstream.address}`, noProxy: 'direct.test,127.0.0.1' }
  const proxy = await openTestProxy(closers, { passThrough, upstream: options, caBundle: world.caFile })
  return { world, upstream, proxy }
}

test('a host that is passed through gets the request as it is, over TLS', async () => {
  const { world, upstream, proxy } = await withWorld(['*.us-east-1.amazonaws.com'], 'me:p%40ss@')
  const socket = await secureTunnel(proxy.address, HOST, proxy.caBundle)
  const headers = { host: HOST, authorization: signed('AKIATHEIRS0000000000'), 'x-amz-date': 'd', 'content-length': 4 }
  const answer = await exchange(socket, { method: 'POST', path: '/m?q=1', headers }, (outgoing) => outgoing.end('body'))
  expect(answer.status).toBe(200)
  expect(world.seen[0]).toMatchObject({
    method: 'POST',
    url: '/m?q=1',
    headers: { host: HOST, authorization: headers.authorization, 'x-amz-date': 'd' },
    body: Buffer.from('body'),
  })
  expect(upstream.asked).toEqual([
    { authority: `${HOST}:443`, authorization: `Basic ${Buffer.from('me:p@ss').toString('base64')}` },
  ])
  expect(proxy.seen).toEqual([])
})

test('what one of our keys signed leaves without its signature, in headers and in the query', async () => {
  const { world, proxy } = await withWorld([HOST])
  const headers = {
    host: HOST,
    authorization: signed('AKIAOURS000000000000'),
    'x-amz-security-token': 't',
    'x-amz-date': 'd',
  }
  await exchange(await secureTunnel(proxy.address, HOST, proxy.caBundle), { path: '/k?list=1', headers })
  const query = 'X-Amz-Algorithm=A&X-Amz-Credential=AKIAOURS000000000000%2F2026&X-Amz-Signature=00&list=1'
  await exchange(await secureTunnel(proxy.address, HOST, proxy.caBundle), {
    path: `/k?${query}`,
    headers: { host: HOST },
  })
  expect(world.seen.map((request) => request.url)).toEqual(['/k?list=1', '/k?list=1'])
  expect(JSON.stringify(world.seen)).not.toContain('AKIAOURS')
  expect(world.seen[0]?.headers).not.toHaveProperty('x-amz-security-token')
})

const OURS = 'AKIAOURS000000000000'

test.each([
  ['V2 in the query', `AWSAccessKeyId=${OURS}&Signature=x&x-amz-security-token=tok&Expires=1&list=1`, {}],
  ['V2 in the query, spelled otherwise', `awsaccesskeyid=${OURS}&signature=x&list=1&X-Amz-Security-Token=tok`, {}],
  ['V2 in a header', 'list=1', { authorization: `AWS ${OURS}:x`, 'x-amz-security-token': 'tok' }],
  ['V4 in the query', `X-Amz-Credential=${OURS}%2F2026&X-Amz-Security-Token=tok&X-Amz-Signature=x&list=1`, {}],
  ['V4 in the query, with names escaped', `X%2DAmz-Credential=${OURS}%2F2026&X-Amz-Security%2DToken=tok&list=1`, {}],
] as const)(
  'what one of our keys signed by %s leaves without key, token and signature',
  async (_how, query, signature) => {
    const { world, proxy } = await withWorld([HOST])
    const headers = { host: HOST, ...signature }
    await exchange(await secureTunnel(proxy.address, HOST, proxy.caBundle), { path: `/k?${query}`, headers })
    expect(world.seen.map((request) => request.url)).toEqual(['/k?list=1'])
    expect(Object.keys(world.seen[0]?.headers ?? {})).toEqual(['host', 'connection'])
  },
)

test.each([
  ['another key by V2 in the query', '/k?AWSAccessKeyId=AKIATHEIRS0000000000&Signature=x&Expires=1', {}],
  ['another key by V2 in a header', '/k', { authorization: 'AWS AKIATHEIRS0000000000:x' }],
  ['nobody', '/k?Signature=x&Expires=1', {}],
] as const)('what is signed by %s leaves as it is', async (_who, path, signature) => {
  const { world, proxy } = await withWorld([HOST])
  const headers = { host: HOST, ...signature }
  await exchange(await secureTunnel(proxy.address, HOST, proxy.caBundle), { path, headers })
  expect(world.seen).toMatchObject([{ url: path, headers: signature }])
})

test('words of the query that Signature V2 has too stay, where V4 signed', async () => {
  const { world, proxy } = await withWorld([HOST])
  const headers = { host: HOST, authorization: signed(OURS) }
  const path = '/k?Signature=x&Expires=1'
  await exchange(await secureTunnel(proxy.address, HOST, proxy.caBundle), { path, headers })
  expect(world.seen.map((request) => request.url)).toEqual([path])
})

test('headers that Connection names end at the proxy', async () => {
  const { world, proxy } = await withWorld([HOST])
  const headers = { host: HOST, connection: 'close, X-Mine', 'x-mine': 'secret', 'keep-alive': '5', 'x-other': 'y' }
  await exchange(await secureTunnel(proxy.address, HOST, proxy.caBundle), { path: '/k', headers })
  expect(world.seen[0]?.headers).toEqual({ host: HOST, 'x-other': 'y', connection: expect.any(String) })
})

test('where the world cannot be reached the SDK is told', async () => {
  const world = await worldServer(closers, [HOST])
  const proxy = await openTestProxy(closers, {
    passThrough: [HOST],
    upstream: { proxy: 'http://127.0.0.1:1', noProxy: '' },
    caBundle: world.caFile,
  })
  const answer = await exchange(await secureTunnel(proxy.address, HOST, proxy.caBundle), { headers: { host: HOST } })
  expect(answer.status).toBe(502)
  expect(answer.body.toString()).toContain('Could not connect to the proxy 127.0.0.1:1: ECONNREFUSED')
})

test("tunnels go through the user's own proxy, except to what NO_PROXY names", async () => {
  const { upstream, proxy } = await withWorld([])
  expect(await tunnel(proxy.address, 'pypi.test:443')).not.toHaveProperty('status')
  expect(upstream.asked.map(({ authority }) => authority)).toEqual(['pypi.test:443'])
  expect(await tunnel(proxy.address, 'direct.test:443')).toMatchObject({ status: 502 })
  expect(upstream.asked).toHaveLength(1)
})

test('plain requests for whole addresses: to AWS answered, to others passed on', async () => {
  const { upstream, proxy } = await withWorld([])
  const direct = recorder()
  const server = createServer()
  direct.attach(server)
  const port = await listenOn(server, closers)
  const address = new URL(proxy.address)
  const authorization = `Basic ${Buffer.from(`${address.username}:${address.password}`).toString('base64')}`
  const get = (url: string, headers: Record<string, string> = { 'proxy-authorization': authorization }) =>
    new Promise<string>((resolve, reject) => {
      import('node:http').then(({ request }) => {
        const outgoing = request(
          { host: address.hostname, port: address.port, path: url, headers },
          async (response) => {
            const parts: Buffer[] = []
            for await (const part of response) parts.push(part)
            resolve(`${response.statusCode} ${Buffer.concat(parts)}`)
          },
        )
        outgoing.once('error', reject)
        outgoing.end()
      }, reject)
    })
  expect(await get('http://sts.amazonaws.com/x?y=1')).toBe('200 {"host":"sts.amazonaws.com","url":"/x?y=1","bytes":0}')
  expect(proxy.seen[0]?.headers).not.toHaveProperty('proxy-authorization')
  expect(await get(`http://127.0.0.1:${port}/here`)).toContain('"url":"/here"')
  expect(direct.seen[0]?.headers).not.toHaveProperty('proxy-authorization')
  expect(await get('http://example.test/there')).toBe('200 from the upstream proxy')
  expect(upstream.asked.at(-1)).toEqual({ authority: 'http://example.test/there', authorization: undefined })
  expect(await get('http://example.test/', {})).toMatch(/^407/)
})

test('a server that was started under its own proxy does not go round in circles', async () => {
  const first = await openTestProxy(closers)
  const { dirname } = await import('node:path')
  const again = await openTestProxy(closers, {
    folder: dirname(first.caBundle),
    upstream: { proxy: first.address, noProxy: '' },
  })
  expect(await tunnel(again.address, '127.0.0.1:1')).toMatchObject({ status: 502 })
  expect((await tunnel(again.address, '127.0.0.1:1')) as { body: Buffer }).toMatchObject({
    body: Buffer.from('Could not connect to 127.0.0.1:1: ECONNREFUSED\n'),
  })
})

test.each([
  ['*', 'any.host', true],
  ['example.com', 'example.com', true],
  ['example.com', 'a.example.com', true],
  ['.example.com', 'a.example.com', true],
  ['*.example.com', 'a.example.com', true],
  ['example.com', 'badexample.com', false],
  ['example.com:8443', 'example.com', false],
  ['example.com:443', 'example.com', true],
  ['10.0.0.1, ::1', '10.0.0.1', true],
  ['0.0.1', '10.0.0.1', false],
  ['::1', '::1', true],
  ['', 'example.com', false],
])('NO_PROXY=%s and %s: %s', (noProxy, host, expected) => {
  expect(bypasses(parseUpstream('proxy:3128', noProxy), host, 443)).toBe(expected)
})

test('a proxy of another kind is refused without its password', () => {
  expect(() => parseUpstream('socks5://me:secret@host:1', '')).toThrow('socks5://…@host:1 cannot be used')
})

test.each([
  ['127.0.0.1', '127.0.0.1', true],
  ['::ffff:127.0.0.1', '127.0.0.1', true],
  ['10.0.0.5', '8.8.8.8', true],
  ['10.0.0.5', '10.0.0.6', true],
  ['10.0.0.5', '127.0.0.1', false],
  ['10.0.0.5', '::1', false],
  ['10.0.0.5', '::ffff:127.0.0.1', false],
  ['10.0.0.5', '169.254.169.254', false],
])('a client at %s to %s: %s', (client, remote, expected) => {
  expect(isOpenTo(client, remote, () => new BlockList())).toBe(expected)
})

test('a client on a network of containers gets into none of them, and a client of this machine into all', () => {
  const containers = new BlockList()
  containers.addSubnet('172.18.0.1', 16)
  const open = (client: string, remote: string) => isOpenTo(client, remote, () => containers)
  expect(open('172.18.0.2', '172.18.0.3')).toBe(false)
  expect(open('172.18.0.2', '::ffff:172.18.0.3')).toBe(false)
  expect(open('172.18.0.2', '172.19.0.3')).toBe(true)
  expect(open('127.0.0.1', '172.18.0.3')).toBe(true)
})
