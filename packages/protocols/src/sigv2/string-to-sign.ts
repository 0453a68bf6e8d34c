import { decodePercent, respellPath } from '../wire/percent.ts'
import type { WireRequest } from '../wire/wire-request.ts'

/**
 * Parameters that Signature Version 2 leaves out of what is signed and that choose nothing but how a list reads. All
 * others are signed: the algorithm's own list of sub-resources is older than half of S3, and what it does not know
 * could be added to a signed URL to make another operation of it.
 */
const UNSIGNED = new Set([
  'AWSAccessKeyId',
  'Signature',
  'Expires',
  'content-type',
  'content-md5',
  'continuation-token',
  'delimiter',
  'encoding-type',
  'fetch-owner',
  'key-marker',
  'list-type',
  'marker',
  'max-keys',
  'max-parts',
  'max-uploads',
  'part-number-marker',
  'prefix',
  'start-after',
  'upload-id-marker',
  'version-id-marker',
  'x-id',
])

/**
 * The texts any of which the signer of a URL may have signed: more than one where the path was sent in another
 * spelling than AWS's. Source: "Signing and Authenticating REST Requests" of the S3 user guide.
 *
 * @param bucket that of the host name, which is signed as the first part of the path
 */
export function urlStringsToSign(request: WireRequest, bucket: string | undefined, expires: string): readonly string[] {
  const { method, headers } = request
  const head = `${method}\n${headers['content-md5'] ?? ''}\n${headers['content-type'] ?? ''}\n${expires}\n`
  const tail = subresources(request.query)
  const path = bucket === undefined ? request.path : `/${bucket}${request.path}`
  const paths = [path, respellPath(path)]
  // botocore sends `/bucket` and signs `/bucket/`.
  if (!path.includes('/', 1)) paths.push(`${path}/`)
  return [...new Set(paths)].map((one) => `${head}${amzHeaders(request)}${one}${tail}`)
}

/** `name:value` of each `x-amz-…`, sorted. A URL carries such headers as parameters, for those who only have the URL. */
function amzHeaders({ headers, query }: WireRequest): string {
  const values = new Map<string, string>()
  for (const [name, value] of pairsOf(query)) {
    const lower = name.toLowerCase()
    if (lower.startsWith('x-amz-')) values.set(lower, value)
  }
  for (const [name, value] of Object.entries(headers)) if (name.startsWith('x-amz-')) values.set(name, value)
  return [...values]
    .sort(byName)
    .map(([name, value]) => `${name}:${value.trim().replace(/[ \t\r\n]+/g, ' ')}\n`)
    .join('')
}

function subresources(query: string): string {
  const signed = pairsOf(query)
    .filter(([name]) => !UNSIGNED.has(name) && !name.toLowerCase().startsWith('x-amz-'))
    .sort(byName)
    .map(([name, value, bare]) => (bare ? name : `${name}=${value}`))
  return signed.length === 0 ? '' : `?${signed.join('&')}`
}

/** Values are signed decoded, one character a byte; `uploads` and `uploads=` are told apart. */
function pairsOf(query: string): readonly (readonly [name: string, value: string, bare: boolean])[] {
  return query
    .split('&')
    .filter((piece) => piece !== '')
    .map((piece) => {
      const equals = piece.indexOf('=')
      if (equals < 0) return [piece, '', true] as const
      const value = decodePercent(piece.slice(equals + 1), true) ?? piece.slice(equals + 1)
      return [piece.slice(0, equals), Buffer.from(value, 'utf8').toString('latin1'), false] as const
    })
}

function byName(a: readonly [string, ...unknown[]], b: readonly [string, ...unknown[]]): number {
  return a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0
}
