import type { ChecksumAlgorithm, ChecksumType } from '../object/checksum.ts'
import type { ObjectPart, ObjectTemplate, StoredChecksum } from '../object/object.ts'

/** A multipart upload under way: what its object will be, but for the bytes. */
export interface UploadRecord {
  readonly bucket: string
  readonly key: string
  readonly initiated: Date
  readonly initiator: { readonly id: string; readonly name: string }
  readonly template: ObjectTemplate
  readonly checksum?: { readonly algorithm: ChecksumAlgorithm; readonly type: ChecksumType }
}

export interface PartRecord {
  /** The row of its upload. */
  readonly upload: string
  readonly blob: string
  readonly part: ObjectPart
  readonly etag: string
  readonly checksum?: StoredChecksum
  readonly modified: Date
}
