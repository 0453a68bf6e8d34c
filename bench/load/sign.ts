import { createHash, createHmac } from 'node:crypto'

export interface SigningKey {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly region: string
  readonly service: string
}

export interface Unsigned {
  readonly method: string
  readonly host: string
  /** Plain characters only: it is signed as it is. */
  readonly path: string
  /** Sorted and encoded, as it is sent. */
  readonly query?: string
  readonly headers: Readonly<Record<string, string>>
  /** S3 takes a body whose bytes the signature does not cover, so that it can be sent while it is read. */
  readonly body: Buffer | 'UNSIGNED-PAYLOAD'
}

/**
 * AWS Signature Version 4 in one header, for a request of its own (AWS General Reference, "Create a signed request").
 * Small and without a cache of verdicts: a load generator must not be slower than what it measures.
 */
export function sign(request: Unsigned, key: SigningKey, now = new Date()): Readonly<Record<string, string>> {
  const stamp = now.toISOString().replace(/[-:]|\.\d{3}/g, '')
  const scope = `${stamp.slice(0, 8)}/${key.region}/${key.service}/aws4_request`
  const { body } = request
  const bodyHash = typeof body === 'string' ? body : createHash('sha256').update(body).digest('hex')
  const headers: Record<string, string> = { ...request.headers, host: request.host, 'x-amz-date': stamp }
  if (key.service === 's3') headers['x-amz-content-sha256'] = bodyHash
  const names = Object.keys(headers).sort()
  const canonical = [
    request.method,
    request.path,
    request.query ?? '',
    ...names.map((name) => `${name}:${headers[name]}`),
    '',
    names.join(';'),
    bodyHash,
  ].join('\n')
  const toSign = `AWS4-HMAC-SHA256\n${stamp}\n${scope}\n${createHash('sha256').update(canonical).digest('hex')}`
  const signature = createHmac('sha256', signingKey(key, stamp.slice(0, 8)))
    .update(toSign)
    .digest('hex')
  const credential = `Credential=${key.accessKeyId}/${scope}, SignedHeaders=${names.join(';')}, Signature=${signature}`
  return { ...headers, authorization: `AWS4-HMAC-SHA256 ${credential}` }
}

let derived: { readonly of: string; readonly key: Buffer } | undefined
/** A client derives its key once a day, as AWS's SDKs do. */
function signingKey({ secretAccessKey, region, service }: SigningKey, day: string): Buffer {
  const of = `${secretAccessKey}/${day}/${region}/${service}`
  if (derived?.of === of) return derived.key
  const step = (from: Buffer | string, text: string) => createHmac('sha256', from).update(text).digest()
  const key = step(step(step(step(`AWS4${secretAccessKey}`, day), region), service), 'aws4_request')
  derived = { of, key }
  return key
}
