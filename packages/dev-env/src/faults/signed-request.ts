import { createHash, createHmac } from 'node:crypto'
import { connect } from 'node:net'
import type { DevEnv } from '../index.ts'

/** A request that no SDK would send: signed here, written to the socket byte for byte. */
export interface SignedRequest {
  readonly service: string
  readonly method: string
  /** Path and query, both as AWS spells them; a parameter without a value ends in `=`. */
  readonly target: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body: string | Uint8Array
  /** What `x-amz-content-sha256` says; by default the truth. */
  readonly payloadHash?: string
  /** Bytes of the body that are sent before the connection is closed; by default all. */
  readonly sentBytes?: number
  readonly at?: Date
  /** Changes the head after it was signed. */
  readonly tamper?: (head: string) => string
}

export interface RawAnswer {
  readonly status: number
  readonly text: string
}

const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest()
const sha256 = (bytes: string | Uint8Array) => createHash('sha256').update(bytes).digest('hex')

/** The whole answer; status 0 where the server closed the connection without one. */
export async function sendSigned(env: DevEnv, request: SignedRequest): Promise<RawAnswer> {
  const { accessKeyId, secretAccessKey } = env.client.credentials
  const { host, hostname, port } = new URL(env.url)
  const body = Buffer.from(request.body)
  const stamp = (request.at ?? new Date()).toISOString().replace(/[-:]|\.\d+/g, '')
  const payloadHash = request.payloadHash ?? sha256(body)
  const headers: Record<string, string> = {
    ...request.headers,
    host,
    'x-amz-content-sha256': payloadHash,
    'x-amz-date': stamp,
  }
  const names = Object.keys(headers).sort()
  const [path = '/', query = ''] = request.target.split('?')
  const lines = names.map((name) => `${name}:${headers[name]}\n`).join('')
  const sorted = query.split('&').sort().join('&')
  const canonical = `${request.method}\n${path}\n${sorted}\n${lines}\n${names.join(';')}\n${payloadHash}`
  const scope = `${stamp.slice(0, 8)}/us-east-1/${request.service}/aws4_request`
  const date = hmac(`AWS4${secretAccessKey}`, stamp.slice(0, 8))
  const key = hmac(hmac(hmac(date, 'us-east-1'), request.service), 'aws4_request')
  const signature = hmac(key, `AWS4-HMAC-SHA256\n${stamp}\n${scope}\n${sha256(canonical)}`).toString('hex')
  const authorization = `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`
  const all = { ...headers, authorization, 'content-length': String(body.length), connection: 'close' }
  const text = Object.entries(all)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')
  const head = `${request.method} ${request.target} HTTP/1.1\r\n${text}\r\n`
  return exchange(hostname, Number(port), request.tamper?.(head) ?? head, body.subarray(0, request.sentBytes), {
    hangsUp: request.sentBytes !== undefined,
  })
}

function exchange(
  host: string,
  port: number,
  head: string,
  body: Uint8Array,
  { hangsUp }: { readonly hangsUp: boolean },
): Promise<RawAnswer> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, host)
    const parts: Buffer[] = []
    socket.on('data', (part) => parts.push(part))
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') reject(error)
    })
    socket.on('close', () => {
      const answer = Buffer.concat(parts).toString('utf8')
      const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 0)
      resolve({ status, text: answer.slice(answer.indexOf('\r\n\r\n') + 4) })
    })
    socket.write(head, 'latin1')
    if (hangsUp) socket.end(body)
    else socket.write(body)
  })
}
