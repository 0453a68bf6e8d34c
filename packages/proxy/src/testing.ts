import { generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Issuer, issueAuthority, issueLeaf } from './certificates.ts'
import { openProxy, type ProxyOptions } from './open-proxy.ts'

/** What a test opened, closed in the other order when the test is over. */
export class Closers {
  readonly #closers: (() => unknown)[] = []

  add(close: () => unknown): void {
    this.#closers.push(close)
  }

  async close(): Promise<void> {
    for (const close of this.#closers.splice(0).reverse()) await close()
  }
}

export function temporaryFolder(closers: Closers): string {
  const folder = mkdtempSync(join(tmpdir(), 'sagebrush-proxy-'))
  closers.add(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

export function listenOn(server: Server, closers: Closers): Promise<number> {
  closers.add(() => {
    server.closeAllConnections()
    return new Promise((resolve) => server.close(resolve))
  })
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
  })
}

export interface Seen {
  readonly method: string
  readonly url: string
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
}

/** Stands in for the gateway: it says what it got, as JSON, and sends `x-send` bytes if asked to. */
export function recorder() {
  const seen: Seen[] = []
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part)
    seen.push({
      method: request.method ?? '',
      url: request.url ?? '',
      headers: request.headers,
      body: Buffer.concat(parts),
    })
    const bytes = Number(request.headers['x-send'] ?? 0)
    const text = JSON.stringify({ host: request.headers.host, url: request.url, bytes: seen.at(-1)?.body.length })
    response.end(bytes > 0 ? Buffer.alloc(bytes, 'z') : text)
  }
  const continued: string[] = []
  return {
    seen,
    continued,
    attach(server: Pick<Server, 'on'>) {
      server.on('request', answer)
      server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
        continued.push(request.url ?? '')
        if (request.headers['x-refuse']) response.writeHead(417, { connection: 'close' }).end('refused')
        else {
          response.writeContinue()
          void answer(request, response)
        }
      })
    },
  }
}

/** Expires as a date says. */
export const testKeys: Readonly<Record<string, { readonly expires?: Date }>> = {
  AKIAOURS000000000000: {},
  ASIALASTS00000000000: { expires: new Date('2999-01-01') },
  ASIAEXPIRED000000000: { expires: new Date('2020-01-01') },
}

/** A proxy that listens on loopback, in front of a recorder. */
export async function openTestProxy(closers: Closers, options: Partial<ProxyOptions> = {}) {
  const target = recorder()
  const logged: string[] = []
  const proxy = await openProxy({
    folder: join(temporaryFolder(closers), 'proxy'),
    clock: () => new Date(),
    target,
    passThrough: [],
    findKey: async (id) => testKeys[id],
    log: (_level, message) => logged.push(message),
    ...options,
  })
  closers.add(() => proxy.close())
  return { ...proxy, address: await proxy.listen(), seen: target.seen, continued: target.continued, logged }
}

/** A server somewhere in the world, under any names, with its own authority in a file. */
export async function worldServer(closers: Closers, names: readonly string[]) {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const issuer = { commonName: 'World', privateKey, publicKey }
  const authority = issueAuthority(request('World', publicKey), issuer, names)
  const leaf = leafOf(issuer, names[0] ?? '')
  const caFile = join(temporaryFolder(closers), 'world.pem')
  writeFileSync(caFile, authority)
  const target = recorder()
  const server = createHttpsServer(leaf)
  target.attach(server)
  return { port: await listenOn(server, closers), caFile, seen: target.seen }
}

/** A certificate of any host by an authority: for one that should not be able to make it. */
export function leafOf(issuer: Issuer, host: string): { key: string; cert: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const cert = issueLeaf(request(host, publicKey), issuer, host)
  return { key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), cert }
}

function request(commonName: string, publicKey: KeyObject) {
  const now = Date.now()
  const [notBefore, notAfter] = [new Date(now - 60_000), new Date(now + 3_600_000)]
  return { commonName, publicKey, serial: Buffer.concat([Buffer.of(1), randomBytes(8)]), notBefore, notAfter }
}

/** The user's own proxy: it takes every CONNECT to `port` of this machine, and says what it was asked for. */
export async function upstreamProxy(closers: Closers, port: number) {
  const asked: { authority: string; authorization: string | undefined }[] = []
  const server = createServer((incoming, response) => {
    asked.push({ authority: incoming.url ?? '', authorization: incoming.headers['proxy-authorization'] })
    response.end('from the upstream proxy')
  })
  server.on('connect', (incoming, socket) => {
    asked.push({ authority: incoming.url ?? '', authorization: incoming.headers['proxy-authorization'] })
    const remote = connect(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      socket.pipe(remote).pipe(socket)
    })
    closers.add(() => remote.destroy())
    closers.add(() => socket.destroy())
    remote.on('error', () => socket.destroy())
    socket.on('error', () => remote.destroy())
  })
  return { asked, address: `127.0.0.1:${await listenOn(server, closers)}` }
}
