import { execFile } from 'node:child_process'
import { createHash, createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { requires } from '@sagebrush/testing'
import { afterEach, expect, test } from 'vitest'
import { isAwsHost } from './hosts.ts'
import { LocalAuthority } from './local-authority.ts'
import { openProxy } from './open-proxy.ts'
import { Closers, leafOf, openTestProxy, temporaryFolder, worldServer } from './testing.ts'
import { exchange, secureTunnel, tunnel } from './testing-client.ts'

const run = promisify(execFile)
const closers = new Closers()
afterEach(() => closers.close())

const ask = async (proxy: Awaited<ReturnType<typeof openTestProxy>>, host: string, options: object = {}) =>
  exchange(await secureTunnel(proxy.address, host, proxy.caBundle), { headers: { host }, ...options })

test.each([
  'sts.us-east-1.amazonaws.com',
  'sts.amazonaws.com',
  'iam.amazonaws.com',
  'logs.eu-west-1.amazonaws.com',
  'api.sagemaker.us-west-2.amazonaws.com',
  'runtime.sagemaker.us-gov-west-1.amazonaws.com',
  's3.us-east-1.amazonaws.com',
  's3.amazonaws.com',
  'my.bucket.s3.eu-central-1.amazonaws.com',
  's3.dualstack.us-east-1.amazonaws.com',
  'sts.cn-north-1.amazonaws.com.cn',
  'logs.us-east-1.api.aws',
])('answers for %s, the Host header unchanged', async (host) => {
  const proxy = await openTestProxy(closers)
  const answer = await ask(proxy, host, { path: '/a%20b?x=%2F' })
  expect(JSON.parse(answer.body.toString())).toEqual({ host, url: '/a%20b?x=%2F', bytes: 0 })
})

test.each([
  ['amazonaws.com', true],
  ['sts.amazonaws.com', true],
  ['x.api.aws', true],
  ['notamazonaws.com', false],
  ['amazonaws.com.example.org', false],
])('whether %s is a host of AWS: %s', (host, expected) => {
  expect(isAwsHost(host)).toBe(expected)
})

test('one connection serves many requests', async () => {
  const proxy = await openTestProxy(closers)
  const socket = await secureTunnel(proxy.address, 'sts.us-east-1.amazonaws.com', proxy.caBundle)
  const headers = { host: 'sts.us-east-1.amazonaws.com', connection: 'keep-alive' }
  for (const path of ['/1', '/2', '/3']) {
    expect(JSON.parse((await exchange(socket, { path, headers })).body.toString())).toMatchObject({ url: path })
  }
  expect(proxy.seen).toHaveLength(3)
})

test('large bodies stream both ways unchanged', async () => {
  const proxy = await openTestProxy(closers)
  const body = Buffer.alloc(20_000_000, 'abcdefg')
  const host = 's3.us-east-1.amazonaws.com'
  const socket = await secureTunnel(proxy.address, host, proxy.caBundle)
  const options = {
    method: 'PUT',
    path: '/b/k',
    headers: { host, 'content-length': body.length, 'x-send': 30_000_000 },
  }
  const answer = await exchange(socket, options, (outgoing) => outgoing.end(body))
  const digest = (bytes: Buffer | undefined) =>
    createHash('sha256')
      .update(bytes ?? '')
      .digest('hex')
  expect(digest(proxy.seen[0]?.body)).toBe(digest(body))
  expect(digest(answer.body)).toBe(digest(Buffer.alloc(30_000_000, 'z')))
})

test('Expect: 100-continue reaches the target, which may refuse before the body', async () => {
  const proxy = await openTestProxy(closers)
  const host = 's3.us-east-1.amazonaws.com'
  const put = async (more: object) => {
    let continued = false
    const socket = await secureTunnel(proxy.address, host, proxy.caBundle)
    const headers = { host, expect: '100-continue', 'content-length': 5, ...more }
    const answer = await exchange(socket, { method: 'PUT', path: '/b/k', headers }, (outgoing) => {
      outgoing.once('continue', () => {
        continued = true
        outgoing.end('hello')
      })
      outgoing.flushHeaders()
    })
    return { continued, answer }
  }
  expect(await put({})).toMatchObject({ continued: true, answer: { status: 200 } })
  expect(proxy.seen[0]?.body.toString()).toBe('hello')
  expect(await put({ 'x-refuse': '1' })).toMatchObject({ continued: false, answer: { status: 417 } })
  expect(proxy.continued).toEqual(['/b/k', '/b/k'])
})

test('a service that is not held gets an error that names the host and the setting, in its own form', async () => {
  const proxy = await openTestProxy(closers)
  const host = 'bedrock-runtime.us-east-1.amazonaws.com'
  const answer = await ask(proxy, host, {
    method: 'POST',
    headers: { host, 'content-type': 'application/x-amz-json-1.1' },
  })
  expect(answer.status).toBe(400)
  const error = JSON.parse(answer.body.toString())
  expect(error.__type).toBe('ServiceNotHeld')
  expect(error.message).toContain(`add ${host} to the setting proxy.passThrough`)
  const queue = await ask(proxy, 'sqs.us-east-1.amazonaws.com', {
    headers: { host: 'sqs.us-east-1.amazonaws.com', 'content-type': 'application/x-www-form-urlencoded' },
  })
  expect(queue.body.toString()).toMatch(/<ErrorResponse><Error>.*<Code>ServiceNotHeld<\/Code><Message>Sagebrush does/)
  const ec2 = await ask(proxy, 'ec2.us-east-1.amazonaws.com')
  expect(ec2.body.toString()).toMatch(/<Response><Errors><Error><Code>ServiceNotHeld/)
  expect(proxy.seen).toEqual([])
  expect(proxy.logged).toContain(`Refused a request to ${host}: no service of Sagebrush`)
})

test("the Python SDK's telemetry gets an empty answer, and goes nowhere", async () => {
  const proxy = await openTestProxy(closers)
  const answer = await ask(proxy, 'sm-pysdk-t-us-west-2.s3.us-west-2.amazonaws.com', { path: '/telemetry?x-event=1' })
  expect(answer).toMatchObject({ status: 200, body: Buffer.alloc(0) })
  expect(proxy.seen).toEqual([])
})

test('every other host is tunnelled, its own certificate and all', async () => {
  const world = await worldServer(closers, ['localhost'])
  const proxy = await openTestProxy(closers)
  const socket = await secureTunnel(proxy.address, 'localhost', world.caFile, world.port)
  const answer = await exchange(socket, { path: '/hello', headers: { host: 'localhost' } })
  expect(JSON.parse(answer.body.toString())).toMatchObject({ url: '/hello' })
  expect(world.seen).toHaveLength(1)
  expect(proxy.seen).toEqual([])
  await expect(secureTunnel(proxy.address, 'localhost', proxy.caBundle, world.port)).rejects.toThrow(/certificate/)
})

test('without the token nothing is to be had', async () => {
  const world = await worldServer(closers, ['localhost'])
  const proxy = await openTestProxy(closers)
  const open = new URL(proxy.address)
  for (const [user, password] of [
    ['', ''],
    ['sagebrush', 'wrong'],
    ['other', open.password],
  ] as const) {
    const address = new URL(proxy.address)
    address.username = user
    address.password = password
    for (const authority of [`localhost:${world.port}`, 'sts.amazonaws.com:443']) {
      expect(await tunnel(address.href, authority)).toMatchObject({
        status: 407,
        headers: { 'proxy-authenticate': 'Basic realm="sagebrush"' },
      })
    }
  }
  const plain = await fetch(`http://127.0.0.1:${open.port}/`)
  expect([plain.status, await plain.text()]).toEqual([400, 'This is a proxy. Set HTTPS_PROXY to it.\n'])
})

test('who holds an access key may use it as long as the key is valid', async () => {
  const proxy = await openTestProxy(closers)
  const through = async (holder: string, user = holder) => {
    const address = new URL(proxy.urlFor(proxy.address.replace(/[^/]+@/, ''), holder))
    expect(address.href).not.toContain(new URL(proxy.address).password)
    address.username = user
    const answer = await tunnel(address.href, 'sts.amazonaws.com:443')
    if ('status' in answer) return answer.status
    answer.destroy()
    return 200
  }
  expect(await through('ASIALASTS00000000000')).toBe(200)
  expect(await through('AKIAOURS000000000000')).toBe(200)
  expect(await through('ASIAEXPIRED000000000')).toBe(407)
  expect(await through('ASIAUNKNOWN000000000')).toBe(407)
  expect(await through('ASIAEXPIRED000000000', 'ASIALASTS00000000000')).toBe(407)
})

test.each([
  ['no-port', 400],
  ['host:99999', 400],
  ['sts.amazonaws.com:80', 403],
  ['nowhere.invalid:443', 502],
  ['127.0.0.1:1', 502],
])('CONNECT %s: %s', async (authority, status) => {
  const proxy = await openTestProxy(closers)
  expect(await tunnel(proxy.address, authority)).toMatchObject({ status })
})

test('a Host header of another host than the connection is misdirected', async () => {
  const proxy = await openTestProxy(closers)
  const answer = await ask(proxy, 'sts.amazonaws.com', { headers: { host: 'iam.amazonaws.com' } })
  expect(answer.status).toBe(421)
  expect(proxy.seen).toEqual([])
})

test('the authority can speak for AWS alone: openssl takes no other name from it, and no address', async (context) => {
  requires(context, 'openssl')
  const folder = join(temporaryFolder(closers), 'ca')
  const authority = await LocalAuthority.open(folder, () => new Date())
  const pem = readFileSync(join(folder, 'authority.pem'), 'utf8')
  const privateKey = createPrivateKey(pem)
  const subject = new X509Certificate(authority.certificate).subject.replace('CN=', '')
  const issuer = { commonName: subject, privateKey, publicKey: createPublicKey(privateKey) }
  const caFile = join(folder, 'ca.pem')
  writeFileSync(caFile, authority.certificate)
  const verify = async (host: string) => {
    const file = join(folder, `${host}.pem`)
    writeFileSync(file, leafOf(issuer, host).cert)
    try {
      return (await run('openssl', ['verify', '-x509_strict', '-purpose', 'sslserver', '-CAfile', caFile, file])).stdout
    } catch (error) {
      return error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error)
    }
  }
  expect(await verify('sts.us-east-1.amazonaws.com')).toMatch(/: OK$/m)
  expect(await verify('bucket.s3.cn-north-1.amazonaws.com.cn')).toMatch(/: OK$/m)
  expect(await verify('logs.us-east-1.api.aws')).toMatch(/: OK$/m)
  for (const host of ['example.com', 'amazonaws.com.example.com', 'notamazonaws.com', 'sts.amazonaws.com.evil.org']) {
    expect(await verify(host)).toContain('permitted subtree violation')
  }
  const text = (await run('openssl', ['x509', '-in', caFile, '-noout', '-text'])).stdout
  expect(text).toMatch(/Basic Constraints: critical\s+CA:TRUE, pathlen:0/)
  expect(text).toMatch(/Name Constraints: critical/)
  expect(text).toMatch(/Excluded:\s+IP:0\.0\.0\.0\/0\.0\.0\.0\s+IP:0:0:0:0:0:0:0:0\/0:0:0:0:0:0:0:0/)
})

test('the key and the token are for their owner alone, and stay over a restart', async () => {
  const first = await openTestProxy(closers)
  const folder = dirname(first.caBundle)
  const modeOf = (name: string) => (statSync(join(folder, name)).mode & 0o777).toString(8)
  expect([modeOf('.'), modeOf('authority.pem'), modeOf('proxy-token')]).toEqual(['700', '600', '600'])
  const bundle = readFileSync(first.caBundle, 'utf8')
  expect(bundle.startsWith(first.certificate)).toBe(true)
  expect(bundle.match(/BEGIN CERTIFICATE/g)?.length).toBeGreaterThan(20)
  const options = { folder, clock: () => new Date(), target: { attach() {} }, passThrough: [], log: () => {} }
  const second = await openProxy({ ...options, findKey: async () => undefined })
  closers.add(() => second.close())
  expect(second.certificate).toBe(first.certificate)
  const third = await openProxy({ ...options, findKey: async () => undefined, caBundle: first.caBundle })
  closers.add(() => third.close())
  expect(readFileSync(third.caBundle, 'utf8')).toBe(bundle)
  await expect(openProxy({ ...options, findKey: async () => undefined, caBundle: '/nowhere.pem' })).rejects.toThrow(
    'The CA bundle /nowhere.pem is not there',
  )
  expect(new URL(second.url('http://127.0.0.1:1')).password).toBe(new URL(first.address).password)
})

test('close ends what goes through it', async () => {
  const world = await worldServer(closers, ['localhost'])
  const proxy = await openTestProxy(closers)
  const sockets = [
    await secureTunnel(proxy.address, 'localhost', world.caFile, world.port),
    await secureTunnel(proxy.address, 'sts.amazonaws.com', proxy.caBundle),
  ]
  const ended = sockets.map((socket) => new Promise((resolve) => socket.once('close', resolve).on('error', () => {})))
  await proxy.close()
  await Promise.all(ended)
  const { hostname, port } = new URL(proxy.address)
  await expect(
    new Promise((resolve, reject) => connect(Number(port), hostname).once('connect', resolve).once('error', reject)),
  ).rejects.toMatchObject({ code: 'ECONNREFUSED' })
})
