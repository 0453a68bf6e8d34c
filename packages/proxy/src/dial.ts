import { lookup } from 'node:dns'
import { connect, isIP, type LookupFunction, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { isOpenTo, NotOpen } from './open-to.ts'

/** The proxy that the user had before ours: requests to the world outside go through it. */
export interface Upstream {
  readonly url: URL
  readonly noProxy: readonly string[]
}

/** From the values of HTTPS_PROXY and NO_PROXY. Throws for a proxy of another kind than http and https. */
export function parseUpstream(proxy: string, noProxy: string): Upstream {
  const url = URL.parse(proxy.includes('://') ? proxy : `http://${proxy}`)
  if (!url || !['http:', 'https:'].includes(url.protocol)) {
    throw new Error(`The proxy ${redacted(proxy)} cannot be used: an http:// or https:// address is needed`)
  }
  return { url, noProxy: noProxy.split(/[\s,]+/).filter((entry) => entry !== '') }
}

/** `NO_PROXY`, as curl and Python read it: names stand for what is below them, too; `*` for everything. */
export function bypasses({ noProxy }: Upstream, host: string, port: number): boolean {
  return noProxy.some((entry) => {
    const [name = '', only] = isIP(entry) ? [entry] : entry.toLowerCase().split(/:(\d+)$/)
    if (only !== undefined && Number(only) !== port) return false
    const bare = name.replace(/^\*?\./, '')
    return name === '*' || host === bare || (!isIP(host) && host.endsWith(`.${bare}`))
  })
}

const CONNECT_TIMEOUT_MS = 30_000

/** Whom a connection is for: the address of the client's end. */
export type Client = { readonly remoteAddress?: string | undefined }

/**
 * A connection to a host, through the user's own proxy where there is one for it. Throws in words for the user, and
 * `NotOpen`, before anything is connected, for what is not open to the client.
 */
export async function dial(
  client: Client,
  host: string,
  port: number,
  upstream: Upstream | undefined,
): Promise<Socket> {
  if (!upstream || bypasses(upstream, host, port))
    return connected(connectOpen(client, host, port), 'connect', `${host}:${port}`)
  const { url } = upstream
  const place = {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port || (url.protocol === 'https:' ? 443 : 80)),
  }
  const socket =
    url.protocol === 'https:'
      ? await connected(connectTls({ ...place, servername: place.host }), 'secureConnect', `the proxy ${url.host}`)
      : await connected(connect(place), 'connect', `the proxy ${url.host}`)
  await openTunnel(socket, host, port, upstream)
  return socket
}

/** Connects only where every address of the host is open to the client: what is checked is what is connected to. */
function connectOpen({ remoteAddress }: Client, host: string, port: number): Socket {
  const notOpen = new NotOpen(`${host} is this machine's own and not open to others`)
  if (isIP(host) && !isOpenTo(remoteAddress, host)) throw notOpen
  const checked: LookupFunction = (name, options, done) =>
    lookup(name, { ...options, all: true }, (error, found) => {
      const [first] = found ?? []
      if (error || !first) return done(error, '')
      if (!found.every(({ address }) => isOpenTo(remoteAddress, address))) return done(notOpen, '')
      if (options.all) done(null, found)
      else done(null, first.address, first.family)
    })
  return connect({ host, port, lookup: checked })
}

/** `Basic …` of the credentials in the proxy's address, if it has any. */
export function upstreamAuthorization({ url }: Upstream): string | undefined {
  if (url.username === '') return undefined
  const pair = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`
  return `Basic ${Buffer.from(pair).toString('base64')}`
}

async function openTunnel(socket: Socket, host: string, port: number, upstream: Upstream): Promise<void> {
  const authority = isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`
  const authorization = upstreamAuthorization(upstream)
  const lines = [`CONNECT ${authority} HTTP/1.1`, `Host: ${authority}`]
  if (authorization !== undefined) lines.push(`Proxy-Authorization: ${authorization}`)
  socket.write(`${lines.join('\r\n')}\r\n\r\n`)
  const status = await readAnswer(socket)
  if (/^HTTP\/1\.[01] 2\d\d/.test(status)) return
  socket.destroy()
  throw new Error(`The proxy ${upstream.url.host} refused to connect to ${authority}: ${status}`)
}

/** Reads an answer's head, byte for byte no further; resolves to its first line. */
function readAnswer(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    let head = Buffer.alloc(0)
    const finish = (settle: () => void) => {
      socket.off('readable', onReadable).off('error', onError).off('close', onClose)
      settle()
    }
    const onError = (error: Error) => finish(() => reject(error))
    const onClose = () => finish(() => reject(new Error('The proxy closed the connection')))
    const onReadable = () => {
      for (let chunk: Buffer | null = socket.read(); chunk !== null; chunk = socket.read()) {
        head = Buffer.concat([head, chunk])
        const end = head.indexOf('\r\n\r\n')
        if (end >= 0) {
          if (head.length > end + 4) socket.unshift(head.subarray(end + 4))
          return finish(() => resolve(head.subarray(0, head.indexOf('\r\n')).toString('latin1')))
        }
        if (head.length > 16_384) return finish(() => reject(new Error('The proxy answered with no HTTP')))
      }
    }
    socket.on('readable', onReadable).on('error', onError).on('close', onClose)
  })
}

function connected<S extends Socket>(socket: S, event: 'connect' | 'secureConnect', place: string): Promise<S> {
  return new Promise((resolve, reject) => {
    const fail = (cause: unknown, reason: string) => {
      socket.destroy()
      reject(new Error(`Could not connect to ${place}: ${reason}`, { cause }))
    }
    const onError = (error: NodeJS.ErrnoException) => {
      if (error instanceof NotOpen) reject(error)
      else fail(error, error.code ?? error.message)
    }
    socket.once('error', onError)
    socket.setTimeout(CONNECT_TIMEOUT_MS, () => fail(undefined, 'no answer within 30 s'))
    socket.once(event, () => {
      socket.off('error', onError)
      socket.setTimeout(0)
      socket.removeAllListeners('timeout')
      resolve(socket)
    })
  })
}

function redacted(proxy: string): string {
  return proxy.replace(/\/\/[^@/]*@/, '//…@')
}
