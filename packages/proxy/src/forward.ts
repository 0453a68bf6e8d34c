import { type IncomingMessage, type RequestOptions, request as requestHttp, type ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { connect as connectTls } from 'node:tls'
import { bypasses, dial, type Upstream, upstreamAuthorization } from './dial.ts'

/** Headers of one connection; they end at each proxy. `expect` was answered here. */
const HOP_BY_HOP = new Set([
  'connection',
  'expect',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/** This server's access keys, expired ones too. */
export type FindKey = (accessKeyId: string) => Promise<{ readonly expires?: Date } | undefined>

export interface Outside {
  readonly upstream: Upstream | undefined
  /** PEM of the authorities that the world outside is checked against; Node's own where there is none. */
  readonly ca: string | undefined
  readonly findKey: FindKey
}

/**
 * Sends a request on to AWS over TLS of our own. One that was signed with a key of this server goes without any
 * signature: AWS could do nothing with it, and a public object can be read without.
 */
export async function forwardToAws(
  request: IncomingMessage,
  response: ServerResponse,
  host: string,
  outside: Outside,
): Promise<void> {
  const own = await signedWithOwnKey(request, outside)
  const socket = await dial(request.socket, host, 443, outside.upstream)
  const tls = connectTls({ socket, servername: host, ...(outside.ca === undefined ? {} : { ca: outside.ca }) })
  const headers = passedHeaders(request.rawHeaders, own ? isSignatureHeader : () => false)
  const path = own ? withoutSignature(request.url ?? '/') : (request.url ?? '/')
  const options: RequestOptions = { method: request.method, path, headers, createConnection: () => tls }
  response.once('close', () => tls.destroy())
  await exchange(request, response, requestHttp({ ...options, host, port: 443, defaultPort: 443 }))
}

/** Sends a plain request (`GET http://host/path`) on, to the user's own proxy where there is one. */
export async function forwardPlain(
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
  upstream: Upstream | undefined,
): Promise<void> {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const port = Number(url.port || 80)
  const through = upstream && !bypasses(upstream, host, port) ? upstream : undefined
  if (!through || through.url.protocol === 'https:') {
    const socket = await dial(request.socket, host, port, through)
    const headers = passedHeaders(request.rawHeaders)
    const options = { method: request.method, path: url.pathname + url.search, headers, createConnection: () => socket }
    response.once('close', () => socket.destroy())
    return exchange(request, response, requestHttp({ ...options, host, port }))
  }
  const authorization = upstreamAuthorization(through)
  const headers = passedHeaders(request.rawHeaders)
  if (authorization !== undefined) headers.push('Proxy-Authorization', authorization)
  const place = { host: through.url.hostname, port: Number(through.url.port || 80), agent: false as const }
  await exchange(request, response, requestHttp({ ...place, method: request.method, path: url.href, headers }))
}

async function exchange(
  request: IncomingMessage,
  response: ServerResponse,
  outgoing: ReturnType<typeof requestHttp>,
): Promise<void> {
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    outgoing.once('response', resolve)
    outgoing.once('error', reject)
  })
  response.once('close', () => outgoing.destroy())
  if (request.headers.expect !== undefined) response.writeContinue()
  // An answer may come before the body is through; without one, what broke the body breaks the request, too.
  pipeline(request, outgoing).catch((error: unknown) => outgoing.destroy(asError(error)))
  const answer = await answered
  response.writeHead(answer.statusCode ?? 502, passedHeaders(answer.rawHeaders))
  await pipeline(answer, response)
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}

/** Whether a key of this server signed the request, by Signature V4 or V2, in a header or in the query. */
async function signedWithOwnKey(request: IncomingMessage, { findKey }: Outside): Promise<boolean> {
  const authorization = request.headers.authorization ?? ''
  const [, inV4] = /Credential=([^/,\s]+)\//.exec(authorization) ?? []
  const [, inV2] = /^AWS\s+([^:\s]+):/.exec(authorization) ?? []
  const query = [...new URLSearchParams((request.url ?? '').split('?')[1])]
  const inQuery = query
    .filter(([name]) => /^(X-Amz-Credential|AWSAccessKeyId)$/i.test(name))
    .map(([, value]) => value.split('/')[0])
  const keys = [inV4, inV2, ...inQuery].filter((key) => key !== undefined)
  const own = await Promise.all(keys.map(findKey))
  return own.some((key) => key !== undefined)
}

function isSignatureHeader(name: string): boolean {
  return name === 'authorization' || name === 'x-amz-security-token' || name === 'x-amz-date'
}

const V4_QUERY = /^X-Amz-(Algorithm|Credential|Date|Expires|SignedHeaders|Signature|Security-Token)$/i
const V2_QUERY = /^(AWSAccessKeyId|Signature|SignatureMethod|SignatureVersion|Expires|X-Amz-Security-Token)$/i

function withoutSignature(url: string): string {
  const [path = '/', query = ''] = url.split(/\?(.*)/s)
  const pairs = query.split('&').map((pair) => ({ pair, name: decoded(pair.split('=')[0] ?? '') }))
  // `Signature` and `Expires` are common words: they are V2's only beside its key.
  const isV2 = pairs.some(({ name }) => /^AWSAccessKeyId$/i.test(name))
  const kept = pairs.filter(({ name }) => !(V4_QUERY.test(name) || (isV2 && V2_QUERY.test(name))))
  const rest = kept.map(({ pair }) => pair).join('&')
  return rest === '' ? path : `${path}?${rest}`
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name)
  } catch {
    return name
  }
}

/** Raw headers, in their order and spelling, without those of one connection. */
function passedHeaders(raw: readonly string[], drop: (name: string) => boolean = () => false): string[] {
  const named = raw.flatMap((value, at) =>
    raw[at - 1]?.toLowerCase() === 'connection' && at % 2 === 1 ? value.split(',') : [],
  )
  const gone = new Set(named.map((name) => name.trim().toLowerCase()))
  return raw.filter((_value, at) => {
    const name = (raw[at - (at % 2)] ?? '').toLowerCase()
    return !HOP_BY_HOP.has(name) && !gone.has(name) && !drop(name)
  })
}
