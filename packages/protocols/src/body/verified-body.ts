import type { DigestName } from '@sagebrush/core'

/** Checksums in the form that S3's headers have: base64 of the raw digest. */
export type Checksums = Readonly<Partial<Record<DigestName, string>>>

/**
 * A body that is still on the wire. It can be read once; reading it to its end proves what the request said of it
 * (length, hash, MD5, checksums, chunk signatures) or throws an ApiError, upon which nothing of it may be kept.
 */
export interface VerifiedBody extends AsyncIterable<Uint8Array> {
  /** Length of the payload, without any framing; undefined where the client did not say. */
  readonly sizeBytes: number | undefined
  /** What the client claimed of the payload, verified: to be asked after the end, for trailers come last. */
  checksums(): Checksums
}
