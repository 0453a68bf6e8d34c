import type { IncomingMessage } from 'node:http'
import { ApiError } from '@sagebrush/core'
import type { ChunkSignatures } from '../sigv4/chunk-signatures.ts'
import { decodeChunks } from './aws-chunked.ts'
import { BodyClaims } from './claims.ts'
import { BodyTooLarge, BodyTruncated } from './read-whole.ts'
import type { Checksums, VerifiedBody } from './verified-body.ts'

export interface BodyOptions {
  readonly headers: Readonly<Record<string, string>>
  readonly message: IncomingMessage
  /** What `x-amz-content-sha256` announces. */
  readonly payload: PayloadKind
  readonly signatures: ChunkSignatures | undefined
  /** False for operations whose checksum headers speak of something else than the body (CompleteMultipartUpload). */
  readonly verifyChecksums: boolean
  /** True for operations that S3 refuses where nothing but the signature vouches for the body. */
  readonly requiresDigest: boolean
  readonly limitBytes: number | undefined
  /** Called when the first byte is asked for. */
  readonly onStart: () => void
}

export type PayloadKind =
  | { readonly kind: 'hashed'; readonly sha256: string }
  | { readonly kind: 'unsigned' }
  | { readonly kind: 'chunked'; readonly signed: boolean; readonly trailers: boolean }

/** Opens a body for reading. Throws ApiError for claims that can be refused unread. */
export function openBody(options: BodyOptions): VerifiedBody {
  const { headers, payload } = options
  const sizeBytes = payload.kind === 'chunked' ? decodedLength(headers) : plainLength(headers)
  if (sizeBytes !== undefined && options.limitBytes !== undefined && sizeBytes > options.limitBytes) {
    throw new BodyTooLarge()
  }
  const claims = new BodyClaims(
    headers,
    payload.kind === 'hashed' ? payload.sha256 : undefined,
    options.verifyChecksums,
  )
  if (options.requiresDigest && !claims.hasDigest) {
    throw new ApiError('InvalidRequest', 'Missing required header for this request: Content-MD5 OR x-amz-checksum-*')
  }
  return new WireBody(options, claims, sizeBytes)
}

class WireBody implements VerifiedBody {
  readonly sizeBytes: number | undefined
  readonly #options: BodyOptions
  readonly #claims: BodyClaims
  #state: 'unread' | 'reading' | 'verified' = 'unread'

  constructor(options: BodyOptions, claims: BodyClaims, sizeBytes: number | undefined) {
    this.#options = options
    this.#claims = claims
    this.sizeBytes = sizeBytes
  }

  checksums(): Checksums {
    if (this.#state !== 'verified') throw new Error('the checksums of a body are known after its last byte')
    return this.#claims.verified()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void> {
    if (this.#state !== 'unread') throw new Error('a body on the wire can be read once')
    this.#state = 'reading'
    this.#options.onStart()
    let length = 0
    for await (const part of this.#payload()) {
      length += part.length
      this.#checkLength(length, false)
      this.#claims.update(part)
      yield part
    }
    this.#checkLength(length, true)
    this.#claims.finish()
    this.#state = 'verified'
  }

  #payload(): AsyncIterable<Uint8Array> {
    const { message, payload, signatures } = this.#options
    const wire = wireBytes(message)
    if (payload.kind !== 'chunked') return wire
    return decodeChunks(wire[Symbol.asyncIterator](), {
      signatures,
      hasTrailers: payload.trailers,
      onTrailers: (trailers) => this.#claims.trailers(trailers),
    })
  }

  #checkLength(length: number, atEnd: boolean): void {
    const { limitBytes } = this.#options
    if (limitBytes !== undefined && length > limitBytes) throw new BodyTooLarge()
    if (this.sizeBytes === undefined) return
    if (length > this.sizeBytes || (atEnd && length < this.sizeBytes)) throw new BodyTruncated()
  }
}

/** The message's bytes. Leaving early does not close the connection: an answer still has to go out on it. */
async function* wireBytes(message: IncomingMessage): AsyncGenerator<Buffer, void> {
  if (message.readableEnded) return
  try {
    for await (const part of message.iterator({ destroyOnReturn: false })) yield part
  } catch (error) {
    throw new BodyTruncated('the client went away', { cause: error })
  }
}

function plainLength(headers: Readonly<Record<string, string>>): number | undefined {
  const text = headers['content-length']
  if (text !== undefined) return Number(text)
  return headers['transfer-encoding'] === undefined ? 0 : undefined
}

function decodedLength(headers: Readonly<Record<string, string>>): number {
  const text = headers['x-amz-decoded-content-length']
  if (text !== undefined && /^\d{1,15}$/.test(text)) return Number(text)
  throw missingLength()
}

export function missingLength(): ApiError {
  return new ApiError('MissingContentLength', 'You must provide the Content-Length HTTP header.', { status: 411 })
}

const STREAMING: Readonly<Record<string, PayloadKind>> = {
  'UNSIGNED-PAYLOAD': { kind: 'unsigned' },
  'STREAMING-UNSIGNED-PAYLOAD-TRAILER': { kind: 'chunked', signed: false, trailers: true },
  'STREAMING-AWS4-HMAC-SHA256-PAYLOAD': { kind: 'chunked', signed: true, trailers: false },
  'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER': { kind: 'chunked', signed: true, trailers: true },
}

/** Reads `x-amz-content-sha256`; undefined where it is nothing that S3 knows. */
export function payloadKind(value: string): PayloadKind | undefined {
  if (/^[0-9a-f]{64}$/.test(value)) return { kind: 'hashed', sha256: value }
  return Object.hasOwn(STREAMING, value) ? STREAMING[value] : undefined
}
