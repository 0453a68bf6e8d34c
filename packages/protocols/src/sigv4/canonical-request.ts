import { hash } from 'node:crypto'
import { encodePathAgain, normalizePath, respellPath, respellQuery } from '../wire/percent.ts'
import type { WireRequest } from '../wire/wire-request.ts'
import type { SignatureClaim } from './claim.ts'

/** S3 signs the path as it stands, encoded once; the others its normal form, encoded once more. */
export type PathStyle = 's3' | 'normalized'

/**
 * The texts any of which the client may have signed. One, nearly always; a second where the path or the query was
 * sent in another spelling than AWS's (`+`, `%7e`, a raw `:`), since some signers sign what they send and others AWS's
 * spelling of it. Both stand for the same bytes, so that accepting either lets nothing else through.
 */
export function canonicalRequests(
  request: WireRequest,
  claim: SignatureClaim,
  style: PathStyle,
  payloadHash: string,
): readonly string[] {
  const paths =
    style === 's3' ? distinct(respellPath(request.path), request.path) : [encodePathAgain(normalizePath(request.path))]
  const query = claim.kind === 'query' ? withoutSignature(request.query) : request.query
  const queries = query === '' ? [''] : distinct(canonicalQuery(query, true), canonicalQuery(query, false))
  const tail = `${canonicalHeaders(request, claim)}\n${claim.signedHeadersText}\n${payloadHash}`
  return paths.flatMap((path) => queries.map((text) => `${request.method}\n${path}\n${text}\n${tail}`))
}

/** SHA-256 of the bytes that the text stands for: headers come as one character a byte. */
export function hashText(text: string): string {
  return hash('sha256', Buffer.from(text, 'latin1'), 'hex')
}

function distinct(first: string, second: string): readonly string[] {
  return first === second ? [first] : [first, second]
}

function canonicalHeaders(request: WireRequest, claim: SignatureClaim): string {
  let text = ''
  for (const name of claim.signedHeaders) {
    // The names come from the client: `constructor` is no header.
    const value = Object.hasOwn(request.headers, name) ? (request.headers[name] ?? '') : ''
    text += `${name}:${folded(value)}\n`
  }
  return text
}

/** Runs of white space count as one space; a folded line is such a run. */
function folded(value: string): string {
  return value.includes('  ') || value.includes('\t') ? value.trim().replace(/[ \t]+/g, ' ') : value
}

function withoutSignature(query: string): string {
  return query
    .split('&')
    .filter((piece) => !piece.startsWith('X-Amz-Signature='))
    .join('&')
}

function canonicalQuery(query: string, respelled: boolean): string {
  const pairs: string[] = []
  for (const piece of query.split('&')) {
    // A doubled ampersand is nothing to AWS; a signer that signs what it sends sees a pair without name and value.
    if (piece === '' && respelled) continue
    const equals = piece.indexOf('=')
    const end = equals < 0 ? piece.length : equals
    const name = respelled ? respellQuery(piece, 0, end) : piece.slice(0, end)
    const value = equals < 0 ? '' : respelled ? respellQuery(piece, equals + 1, piece.length) : piece.slice(equals + 1)
    pairs.push(`${name}=${value}`)
  }
  return pairs.length > 1 ? sortPairs(pairs).join('&') : pairs.join('&')
}

/** By name, then by value: `a=` sorts before `a-b=`, which comparing whole pairs would turn around. */
function sortPairs(pairs: string[]): string[] {
  return pairs.sort((a, b) => {
    const nameA = a.slice(0, a.indexOf('='))
    const nameB = b.slice(0, b.indexOf('='))
    if (nameA !== nameB) return nameA < nameB ? -1 : 1
    return a < b ? -1 : a > b ? 1 : 0
  })
}
