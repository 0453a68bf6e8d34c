import { parseQuery } from '../wire/percent.ts'
import type { WireRequest } from '../wire/wire-request.ts'

export const ALGORITHM = 'AWS4-HMAC-SHA256'

/** What a request says of its signature; nothing of it is verified. */
export interface SignatureClaim {
  /** Where it stands: the Authorization header, or a presigned URL's query. */
  readonly kind: 'header' | 'query'
  readonly accessKeyId: string
  /** `YYYYMMDD` of the credential scope. */
  readonly date: string
  readonly region: string
  readonly service: string
  readonly signedHeaders: readonly string[]
  readonly signedHeadersText: string
  readonly signature: string
  /** `YYYYMMDDTHHMMSSZ`. */
  readonly timestamp: string
  readonly time: Date
  /** Presigned URLs only: seconds from `time`. */
  readonly expiresSeconds?: number
  readonly sessionToken?: string
}

/** Why a claim cannot be read, in AWS's words where the kind of service does not matter. */
export interface ClaimProblem {
  readonly problem: 'malformed-header' | 'malformed-query' | 'unsupported' | 'no-date'
  readonly message: string
}

/** The claim, what is wrong with it, or undefined where the request is not signed at all. */
export function readClaim(request: WireRequest): SignatureClaim | ClaimProblem | undefined {
  const authorization = request.headers.authorization
  if (authorization !== undefined) return readHeaderClaim(request, authorization)
  if (request.query.includes('X-Amz-Algorithm=') || request.query.includes('X-Amz-Signature=')) {
    return readQueryClaim(request)
  }
  return undefined
}

function readHeaderClaim(request: WireRequest, authorization: string): SignatureClaim | ClaimProblem {
  if (!authorization.startsWith(`${ALGORITHM} `)) {
    return {
      problem: 'unsupported',
      message: `The authorization mechanism you have provided is not supported. Please use ${ALGORITHM}.`,
    }
  }
  let credential: string | undefined
  let signedHeadersText: string | undefined
  let signature: string | undefined
  for (const part of authorization.slice(ALGORITHM.length + 1).split(',')) {
    const text = part.trim()
    if (text.startsWith('Credential=')) credential = text.slice(11)
    else if (text.startsWith('SignedHeaders=')) signedHeadersText = text.slice(14)
    else if (text.startsWith('Signature=')) signature = text.slice(10)
  }
  const missing = [
    ...(credential ? [] : ["Authorization header requires 'Credential' parameter."]),
    ...(signature ? [] : ["Authorization header requires 'Signature' parameter."]),
    ...(signedHeadersText ? [] : ["Authorization header requires 'SignedHeaders' parameter."]),
  ]
  if (!credential || !signedHeadersText || !signature) {
    return { problem: 'malformed-header', message: missing.join(' ') }
  }
  const scope = readScope(credential)
  if (!scope) {
    return {
      problem: 'malformed-header',
      message: `Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/aws4_request, got '${credential}'`,
    }
  }
  const stated = request.headers['x-amz-date'] ?? request.headers.date ?? ''
  const time = parseTimestamp(stated) ?? parseHttpDate(stated)
  if (!time) {
    return {
      problem: 'no-date',
      message: "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
    }
  }
  return {
    kind: 'header',
    ...scope,
    signedHeadersText,
    signedHeaders: signedHeadersText.split(';'),
    signature,
    timestamp: stated.length === 16 ? stated : formatTimestamp(time),
    time,
    sessionToken: request.headers['x-amz-security-token'],
  }
}

const QUERY_FIELDS = ['X-Amz-Algorithm', 'X-Amz-Credential', 'X-Amz-Date', 'X-Amz-SignedHeaders', 'X-Amz-Signature']

function readQueryClaim(request: WireRequest): SignatureClaim | ClaimProblem {
  const malformed = (message: string): ClaimProblem => ({ problem: 'malformed-query', message })
  const pairs = parseQuery(request.query)
  if (!pairs) return malformed('Query-string authentication requires a query in UTF-8.')
  const fields = new Map<string, string>()
  for (const [name, value] of pairs) {
    if (!name.startsWith('X-Amz-')) continue
    if (fields.has(name)) return malformed(`${name} must be given once.`)
    fields.set(name, value)
  }
  const missing = QUERY_FIELDS.filter((name) => !fields.get(name))
  if (missing.length > 0 || !fields.has('X-Amz-Expires')) {
    return malformed(
      'Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.',
    )
  }
  const [algorithm, credential, timestamp, signedHeadersText, signature] = QUERY_FIELDS.map(
    (name) => fields.get(name) ?? '',
  )
  if (algorithm !== ALGORITHM) return malformed(`X-Amz-Algorithm only supports "${ALGORITHM}"`)
  const scope = readScope(credential ?? '')
  if (!scope) {
    return malformed(
      'Error parsing the X-Amz-Credential parameter; the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".',
    )
  }
  const time = parseTimestamp(timestamp ?? '')
  if (!time) return malformed("X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"")
  const expires = fields.get('X-Amz-Expires') ?? ''
  const expiresSeconds = /^-?\d{1,15}$/.test(expires) ? Number(expires) : Number.NaN
  if (Number.isNaN(expiresSeconds)) return malformed('X-Amz-Expires should be a number')
  if (expiresSeconds < 0) return malformed('X-Amz-Expires must be non-negative')
  if (expiresSeconds > 604_800) {
    return malformed(
      'X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds',
    )
  }
  return {
    kind: 'query',
    ...scope,
    signedHeadersText: signedHeadersText ?? '',
    signedHeaders: (signedHeadersText ?? '').split(';'),
    signature: signature ?? '',
    timestamp: timestamp ?? '',
    time,
    expiresSeconds,
    sessionToken: fields.get('X-Amz-Security-Token') ?? request.headers['x-amz-security-token'],
  }
}

/** Region and service become parts of storage keys: nothing but what AWS's own names consist of. */
const SCOPE_NAME = /^[a-z0-9-]{1,40}$/

export function readScope(
  credential: string,
): Pick<SignatureClaim, 'accessKeyId' | 'date' | 'region' | 'service'> | undefined {
  const [accessKeyId, date, region, service, end, more] = credential.split('/')
  if (!accessKeyId || !date || !region || !service || end !== 'aws4_request' || more !== undefined) return undefined
  if (!/^\d{8}$/.test(date) || !SCOPE_NAME.test(region) || !SCOPE_NAME.test(service)) return undefined
  return { accessKeyId, date, region, service }
}

/** `YYYYMMDDTHHMMSSZ` as a date; undefined where it is none. */
export function parseTimestamp(text: string): Date | undefined {
  if (text.length !== 16 || text[8] !== 'T' || text[15] !== 'Z') return undefined
  const month = digits(text, 4, 6)
  const day = digits(text, 6, 8)
  const hour = digits(text, 9, 11)
  const date = new Date(Date.UTC(digits(text, 0, 4), month - 1, day, hour, digits(text, 11, 13), digits(text, 13, 15)))
  // A 31st of June would have become a 1st of July.
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day && date.getUTCHours() === hour ? date : undefined
}

function digits(text: string, from: number, to: number): number {
  let value = 0
  for (let i = from; i < to; i++) {
    const digit = text.charCodeAt(i) - 0x30
    if (digit < 0 || digit > 9) return Number.NaN
    value = value * 10 + digit
  }
  return value
}

export function formatTimestamp(date: Date): string {
  return `${date.toISOString().slice(0, 19).replaceAll('-', '').replaceAll(':', '')}Z`
}

/** Clients may sign the `Date` header (RFC 822) in place of `X-Amz-Date`. */
function parseHttpDate(text: string): Date | undefined {
  const time = Date.parse(text)
  return Number.isNaN(time) ? undefined : new Date(time)
}
