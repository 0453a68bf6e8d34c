import { Agent, type IncomingMessage, request } from 'node:http'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { type SigningKey, sign } from './sign.ts'

/** Where the server is, and who asks. */
export interface S3Access {
  readonly url: string
  readonly key: SigningKey
}

interface Upload {
  readonly path: string
  readonly query?: string
  readonly sizeBytes: number
  readonly body: Readable
}

const agent = new Agent({ keepAlive: true })

/** PUT with a signature that leaves the body out, over Node's bare client: nothing is hashed on this side. */
export async function putStream(access: S3Access, { path, query, sizeBytes, body }: Upload): Promise<IncomingMessage> {
  return await exchange(access, 'PUT', path, query, body, { 'content-length': String(sizeBytes) })
}

/** POST without a body, or with a short one; resolves to the answer's text. */
export async function post(access: S3Access, path: string, query: string, body = ''): Promise<string> {
  const bytes = Buffer.from(body)
  const headers = { 'content-length': String(bytes.length) }
  return await text(await exchange(access, 'POST', path, query, Readable.from([bytes]), headers))
}

/** GET whose bytes are thrown away, as a file that nobody keeps; resolves to their number. */
export async function getBytes(url: string, path: string, key?: SigningKey): Promise<number> {
  const { hostname, port, host } = new URL(url)
  const unsigned = { method: 'GET', host, path, headers: {}, body: 'UNSIGNED-PAYLOAD' as const }
  const headers = key ? sign(unsigned, key) : {}
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  request({ hostname, port, path, headers, agent }, resolve).on('error', reject).end()
  const answer = await promise
  if (answer.statusCode !== 200) throw new Error(`GET ${path}: ${answer.statusCode} ${await text(answer)}`)
  let bytes = 0
  answer.on('data', (chunk: Buffer) => {
    bytes += chunk.length
  })
  await new Promise((done, failed) => answer.on('end', done).on('error', failed))
  return bytes
}

/** The same bytes again and again, so that a client of gigabytes costs no disk. */
export function repeated(block: Buffer, sizeBytes: number): Readable {
  let left = sizeBytes
  return new Readable({
    highWaterMark: block.length,
    read() {
      if (left === 0) return void this.push(null)
      const part = block.subarray(0, Math.min(left, block.length))
      left -= part.length
      this.push(part)
    },
  })
}

async function exchange(
  { url, key }: S3Access,
  method: string,
  path: string,
  query: string | undefined,
  body: Readable,
  extra: Readonly<Record<string, string>>,
): Promise<IncomingMessage> {
  const { hostname, port, host } = new URL(url)
  const headers = {
    ...sign({ method, host, path, ...(query && { query }), headers: {}, body: 'UNSIGNED-PAYLOAD' }, key),
    ...extra,
  }
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const sent = request({ hostname, port, method, path: query ? `${path}?${query}` : path, headers, agent }, resolve)
  sent.on('error', reject)
  await pipeline(body, sent)
  const answer = await promise
  if (answer.statusCode !== 200) throw new Error(`${method} ${path}: ${answer.statusCode} ${await text(answer)}`)
  if (method === 'PUT') answer.resume()
  return answer
}
