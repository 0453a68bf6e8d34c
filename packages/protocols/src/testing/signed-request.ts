import { createHash, createHmac } from 'node:crypto'
import type { RawRequest } from './raw-request.ts'
import { toyKey } from './toy-server.ts'

export interface SignOptions {
  readonly service: string
  /** Of the credential scope; us-east-1 where absent. */
  readonly region?: string
  readonly method?: string
  readonly target?: string
  readonly host?: string
  readonly headers?: readonly (readonly [string, string])[]
  readonly body?: Uint8Array | string
  /** What `x-amz-content-sha256` says, for S3; absent: the body's hash. */
  readonly payload?: string
}

const hmac = (key: string | Uint8Array, text: string) => createHmac('sha256', key).update(text).digest()
const sha256 = (bytes: Uint8Array | string) => createHash('sha256').update(bytes).digest('hex')

/** A second writing of SigV4, plain and slow, for requests that no SDK would send. Paths and queries must be canonical. */
export function signedRequest(options: SignOptions): RawRequest {
  const { service, region = 'us-east-1', method = 'POST', target = '/', host = '127.0.0.1' } = options
  const body = Buffer.from(options.body ?? '')
  const now = `${new Date().toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z`
  const date = now.slice(0, 8)
  const payload = options.payload ?? sha256(body)
  const headers: (readonly [string, string])[] = [
    ['Host', host],
    ['X-Amz-Date', now],
    ...(options.headers ?? []),
    ...(service === 's3' ? [['X-Amz-Content-Sha256', payload] as const] : []),
  ]
  const sorted = headers
    .map(([name, value]) => [name.toLowerCase(), value.trim()] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))
  const names = sorted.map(([name]) => name).join(';')
  const [path, query = ''] = target.split('?')
  const canonical = `${method}\n${path}\n${query}\n${sorted.map(([name, value]) => `${name}:${value}\n`).join('')}\n${names}\n${payload}`
  const scope = `${date}/${region}/${service}/aws4_request`
  const toSign = `AWS4-HMAC-SHA256\n${now}\n${scope}\n${sha256(canonical)}`
  const key = hmac(hmac(hmac(hmac(`AWS4${toyKey.secretAccessKey}`, date), region), service), 'aws4_request')
  const signature = hmac(key, toSign).toString('hex')
  const authorization = `AWS4-HMAC-SHA256 Credential=${toyKey.accessKeyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`
  return {
    method,
    target,
    headers: [...headers, ['Authorization', authorization], ['Content-Length', String(body.length)]],
    body,
  }
}
