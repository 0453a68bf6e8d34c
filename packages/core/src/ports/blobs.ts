import type { Readable } from 'node:stream'

export type DigestName = 'md5' | 'sha256' | 'sha1' | 'crc32' | 'crc32c' | 'crc64nvme'

export interface BlobInfo {
  /** Names the bytes for ever: `[a-z0-9]+`, never reused. */
  readonly id: string
  readonly sizeBytes: number
  /** Raw digests (big-endian for the checksums) of the asked-for names. */
  readonly digests: Readonly<Partial<Record<DigestName, Uint8Array>>>
}

export interface ByteRange {
  readonly start: number
  /** Inclusive. */
  readonly end: number
}

/**
 * Immutable bytes. What `create` and its kin resolve to is durable: written aside, fsynced, renamed, the folder
 * fsynced. A blob has one owner (the row that holds its id); `link` gives a second id to the same bytes at no cost.
 */
export interface Blobs {
  /**
   * Stores a stream whole or not at all. `check` runs after the last byte and before the rename: what it throws
   * leaves nothing behind and reaches the caller. Throws `DiskFull` where the disk is. The source's chunks are the
   * store's from then on: it gives their memory back when they are written, and nobody may read them any more.
   */
  create(
    source: AsyncIterable<Uint8Array>,
    options?: { readonly digests?: readonly DigestName[]; readonly check?: (info: Omit<BlobInfo, 'id'>) => void },
  ): Promise<BlobInfo>
  /**
   * Takes a finished file over, as a second name of it where it is on the same file system. The caller removes the
   * file once a row names the blob: a server that dies before that must find it again. Nobody may write to it any more.
   */
  adopt(path: string, digests?: readonly DigestName[]): Promise<BlobInfo>
  link(id: string): Promise<string>
  /** One new blob from the bytes of several, in order; the parts stay. */
  concat(ids: readonly string[], digests?: readonly DigestName[]): Promise<BlobInfo>
  /** Throws `BlobMissing`. An opened stream stays readable though the blob is removed meanwhile. */
  open(id: string, range?: ByteRange): Promise<Readable>
  /** The file that holds the bytes: for engines on this machine, to link and never to write. */
  path(id: string): string
  /** Absent is no error. */
  remove(id: string): Promise<void>
  /** Every id with its file's modification time, for garbage collection. */
  each(): AsyncIterable<{ readonly id: string; readonly modified: Date; readonly sizeBytes: number }>
}

export class BlobMissing extends Error {
  override readonly name = 'BlobMissing'
}

export class DiskFull extends Error {
  override readonly name = 'DiskFull'
}
