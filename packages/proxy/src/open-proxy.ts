import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { TLSSocket } from 'node:tls'
import { writeCaBundle } from './ca-bundle.ts'
import { dial, parseUpstream, type Upstream } from './dial.ts'
import { type FindKey, forwardPlain, forwardToAws, type Outside } from './forward.ts'
import { isAwsHost, isHeldHost, isTelemetryHost, matchesHost, parseAuthority } from './hosts.ts'
import { LocalAuthority } from './local-authority.ts'
import { NotOpen } from './open-to.ts'
import { readIfThere } from './private-files.ts'
import { ProxyAccess } from './proxy-access.ts'
import { NOT_HELD, notHeldMessage, refuse } from './refusal.ts'

export type ProxyLog = (level: 'info' | 'warn', message: string, fields: Readonly<Record<string, string>>) => void

export interface ProxyOptions {
  /** Where the authority's key, the token and the CA bundle are kept; it is made, for its owner only. */
  readonly folder: string
  readonly clock: () => Date
  /** What answers for AWS: the gateway. It gets the requests as they came, their Host header included. */
  readonly target: { attach(server: Pick<Server, 'on'>): void }
  /** AWS hosts (`HOST` or `*.DOMAIN`) that go out to AWS instead. */
  readonly passThrough: readonly string[]
  /** What its keys signed leaves without its signature, and holders of valid ones may use the proxy. */
  readonly findKey: FindKey
  /** The user's own HTTPS_PROXY and NO_PROXY. */
  readonly upstream?: { readonly proxy: string; readonly noProxy: string }
  /** The user's own CA bundle (SSL_CERT_FILE); the system's unless given. */
  readonly caBundle?: string
  readonly log: ProxyLog
}

export interface Proxy {
  /** One file of our authority and all that the system trusts. */
  readonly caBundle: string
  /** Our authority alone, as PEM. */
  readonly certificate: string
  /** What HTTPS_PROXY is set to, for a proxy that is reached at `address` (`http://127.0.0.1:7243`). */
  url(address: string): string
  /** The same for the holder of an access key, as long as the key is valid. */
  urlFor(address: string, accessKeyId: string): string
  /** Takes the CONNECT requests of a server that does other things as well; `takes` is for its other requests. */
  attach(server: Pick<Server, 'on'>): void
  /** Takes a request for a whole address (`GET http://host/path`); false, untouched, for any other. */
  takes(request: IncomingMessage, response: ServerResponse): boolean
  /** Listens on loopback by itself, and resolves to what HTTPS_PROXY is set to. */
  listen(port?: number): Promise<string>
  /** Ends every connection that goes through the proxy. */
  close(): Promise<void>
}

/**
 * A forward proxy for programs that have AWS's host names built in: it is the server of `*.amazonaws.com` (with
 * certificates of an authority that can speak for nothing else) and a tunnel to every other host. Every request must
 * bear what `url` or `urlFor` holds, so that nobody else on the machine, and no web page, can use it.
 */
export async function openProxy(options: ProxyOptions): Promise<Proxy> {
  const { folder, clock, findKey } = options
  const access = new ProxyAccess(folder, async (accessKeyId) => {
    const key = await findKey(accessKeyId)
    return key !== undefined && (key.expires === undefined || key.expires > clock())
  })
  const authority = await LocalAuthority.open(folder, clock)
  const caBundle = writeCaBundle(folder, authority.certificate, options.caBundle)
  const upstream = upstreamOf(options, access)
  const ca = options.caBundle === undefined ? undefined : readIfThere(options.caBundle)
  const forwarder = new ForwardProxy(options, authority, access, { upstream, ca, findKey })
  let own: Server | undefined
  return {
    caBundle,
    certificate: authority.certificate,
    url: (address) => access.url(address),
    urlFor: (address, accessKeyId) => access.urlFor(address, accessKeyId),
    attach: (server) => forwarder.attach(server),
    takes: (request, response) => forwarder.takes(request, response),
    listen: async (port = 0) => {
      const server = createServer((request, response) => {
        if (forwarder.takes(request, response)) return
        response.writeHead(400, { 'content-type': 'text/plain' }).end('This is a proxy. Set HTTPS_PROXY to it.\n')
      })
      own = server
      forwarder.attach(server)
      await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve))
      return access.url(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    },
    close: async () => {
      forwarder.close()
      own?.closeAllConnections()
      if (own?.listening) await new Promise((resolve) => own?.close(resolve))
    },
  }
}

/** A server that was started under `sagebrush run` finds this very proxy in its environment: that one is none. */
function upstreamOf({ upstream }: ProxyOptions, access: ProxyAccess): Upstream | undefined {
  if (!upstream || upstream.proxy === '' || access.isOurs(upstream.proxy)) return undefined
  return parseUpstream(upstream.proxy, upstream.noProxy)
}

class ForwardProxy {
  readonly #options: ProxyOptions
  readonly #authority: LocalAuthority
  readonly #access: ProxyAccess
  readonly #outside: Outside
  /** Speaks HTTP inside of our TLS; listens nowhere. */
  readonly #inner = createServer({ keepAliveTimeout: 75_000, requestTimeout: 0 })
  /** Bears the target's listeners; listens nowhere either. */
  readonly #target = createServer()
  /** Whom the client connected to, by its TLS connection. */
  readonly #hosts = new WeakMap<object, string>()
  readonly #sockets = new Set<Duplex>()

  constructor(options: ProxyOptions, authority: LocalAuthority, access: ProxyAccess, outside: Outside) {
    this.#options = options
    this.#authority = authority
    this.#access = access
    this.#outside = outside
    options.target.attach(this.#target)
    for (const event of ['request', 'checkContinue'] as const) {
      this.#inner.on(event, (request: IncomingMessage, response: ServerResponse) => {
        const host = this.#hosts.get(request.socket) ?? ''
        if (hostOf(request) === host) this.#answer(event, request, response, host)
        else response.writeHead(421, { connection: 'close' }).end()
      })
    }
  }

  attach(server: Pick<Server, 'on'>): void {
    server.on('connect', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      this.#connect(request, socket as Socket, head).catch((error: unknown) => {
        this.#options.log('warn', 'A connection through the proxy failed', { error: String(error) })
        socket.destroy()
      })
    })
  }

  takes(request: IncomingMessage, response: ServerResponse): boolean {
    const url = /^http:\/\//i.test(request.url ?? '') ? URL.parse(request.url ?? '') : null
    if (!url) return false
    void this.#take(request, response, url)
    return true
  }

  async #take(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    if (!(await this.#access.allows(request.headers['proxy-authorization']))) {
      response.writeHead(407, { 'proxy-authenticate': 'Basic realm="sagebrush"', connection: 'close' }).end()
    } else if (isAwsHost(url.hostname)) {
      request.url = url.pathname + url.search
      request.headers.host = url.host
      delete request.headers['proxy-authorization']
      this.#answer(request.headers.expect ? 'checkContinue' : 'request', request, response, url.hostname)
    } else {
      void this.#outward(request, response, url.hostname, () =>
        forwardPlain(request, response, url, this.#outside.upstream),
      )
    }
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  async #connect(request: IncomingMessage, socket: Socket, head: Buffer): Promise<void> {
    this.#watch(socket)
    if (!(await this.#access.allows(request.headers['proxy-authorization']))) {
      return end(socket, '407 Proxy Authentication Required', '', 'Proxy-Authenticate: Basic realm="sagebrush"\r\n')
    }
    const place = parseAuthority(request.url ?? '')
    if (!place) return end(socket, '400 Bad Request', `${request.url} is no host:port`)
    if (!isAwsHost(place.host)) return this.#tunnel(socket, head, place.host, place.port)
    if (place.port !== 443) return end(socket, '403 Forbidden', `Sagebrush answers for ${place.host} on port 443 only`)
    const secureContext = await this.#authority.secureContext(place.host)
    socket.write('HTTP/1.1 200 Connection Established\r\n\r\n')
    if (head.length > 0) socket.unshift(head)
    const tls = new TLSSocket(socket, { isServer: true, secureContext, ALPNProtocols: ['http/1.1'] })
    this.#watch(tls)
    tls.once('error', (error: NodeJS.ErrnoException) => this.#tlsFailed(place.host, error))
    this.#hosts.set(tls, place.host)
    this.#inner.emit('connection', tls)
  }

  async #tunnel(socket: Socket, head: Buffer, host: string, port: number): Promise<void> {
    try {
      const remote = await dial(socket, host, port, this.#outside.upstream)
      this.#watch(remote)
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n')
      if (head.length > 0) remote.write(head)
      socket.once('close', () => remote.destroy())
      remote.once('close', () => socket.destroy())
      socket.pipe(remote).pipe(socket)
    } catch (error) {
      const status = error instanceof NotOpen ? '403 Forbidden' : '502 Bad Gateway'
      end(socket, status, error instanceof Error ? error.message : String(error))
    }
  }

  #answer(event: 'request' | 'checkContinue', request: IncomingMessage, response: ServerResponse, host: string): void {
    if (matchesHost(host, this.#options.passThrough)) {
      void this.#outward(request, response, host, () => forwardToAws(request, response, host, this.#outside))
    } else if (isTelemetryHost(host)) {
      request.resume()
      response.writeHead(200, { 'content-length': 0 }).end()
    } else if (isHeldHost(host)) {
      this.#target.emit(event, request, response)
    } else {
      this.#options.log('warn', `Refused a request to ${host}: no service of Sagebrush`, { resource: host })
      refuse(request, response, { host, code: NOT_HELD, message: notHeldMessage(host) })
    }
  }

  async #outward(request: IncomingMessage, response: ServerResponse, host: string, forward: () => Promise<void>) {
    try {
      await forward()
    } catch (error) {
      if (error instanceof NotOpen && !response.headersSent) {
        return refuse(request, response, { host, code: 'AccessDenied', message: error.message, status: 403 })
      }
      const message = `The request to ${host} could not be passed on: ${error instanceof Error ? error.message : error}`
      if (response.headersSent) response.destroy()
      else refuse(request, response, { host, code: 'BadGateway', message, status: 502 })
    }
  }

  #tlsFailed(host: string, error: NodeJS.ErrnoException): void {
    if (error.code === 'ECONNRESET' || error.code === 'EPIPE') return
    this.#options.log(
      'warn',
      `A program did not take our certificate for ${host} (${error.code ?? error.message}): it does not read the CA bundle of \`sagebrush env\``,
      { resource: host },
    )
  }

  #watch(socket: Duplex): void {
    this.#sockets.add(socket)
    socket.once('close', () => this.#sockets.delete(socket))
    // Ends in 'close', which is what there is to do about it.
    socket.on('error', () => socket.destroy())
  }
}

function hostOf(request: IncomingMessage): string | undefined {
  return request.headers.host?.toLowerCase().replace(/:443$/, '').replace(/\.$/, '')
}

function end(socket: Socket, status: string, message: string, headers = ''): void {
  const body = message === '' ? '' : `${message}\n`
  const lengths = `Content-Length: ${Buffer.byteLength(body)}\r\nContent-Type: text/plain; charset=utf-8\r\n`
  socket.end(`HTTP/1.1 ${status}\r\n${headers}${lengths}Connection: close\r\n\r\n${body}`)
}
