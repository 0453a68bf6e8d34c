import { randomBytes } from 'node:crypto'
import type { CompletedPart } from '@sagebrush/contract/s3'
import { ApiError } from '@sagebrush/core'
import { type ChecksumAlgorithm, type ChecksumType, checksumOf, type StoredChecksum } from '../object/checksum.ts'
import type { ObjectPart, ObjectTemplate } from '../object/object.ts'
import { invalidArgument, invalidRequest, malformedXml } from '../request-errors.ts'

/** A multipart upload under way: what its object will be, but for the bytes. */
export interface UploadRecord {
  readonly id: string
  readonly bucket: string
  readonly key: string
  readonly initiated: Date
  /** ARN of who began it. */
  readonly initiator: string
  readonly template: ObjectTemplate
  readonly checksum?: { readonly algorithm: ChecksumAlgorithm; readonly type: ChecksumType }
}

export interface PartRecord extends ObjectPart {
  /** The row of its upload. */
  readonly upload: string
  readonly blob: string
  /** MD5 in hexadecimal. */
  readonly etag: string
  readonly checksum?: StoredChecksum
  readonly modified: Date
}

export const MAX_PART_NUMBER = 10_000
const MIN_PART_BYTES = 5 * 1024 ** 2

/** Ids of one key sort by the time of their making, as S3 lists uploads. */
export function newUploadId(now: Date): string {
  return now.getTime().toString(16).padStart(12, '0') + randomBytes(20).toString('hex')
}

export function uploadName(bucket: string, uploadId: string): string {
  return `${bucket}/${uploadId}`
}

export function partName(uploadId: string, number: number): string {
  return `${uploadId}/${String(number).padStart(5, '0')}`
}

export function checkPartNumber(number: number): void {
  if (Number.isInteger(number) && number >= 1 && number <= MAX_PART_NUMBER) return
  throw invalidArgument(
    `Part number must be an integer between 1 and ${MAX_PART_NUMBER}, inclusive`,
    'partNumber',
    number,
  )
}

/**
 * The parts that a CompleteMultipartUpload names, in its order. Throws InvalidPartOrder, InvalidPart (none such, or
 * another ETag or checksum), EntityTooSmall (under 5 MiB, but for the last), and what a composite checksum asks for.
 */
export function chooseParts(
  { id: uploadId, checksum }: Pick<UploadRecord, 'id' | 'checksum'>,
  asked: readonly CompletedPart[],
  stored: ReadonlyMap<number, PartRecord>,
): readonly PartRecord[] {
  if (asked.length === 0) throw malformedXml()
  const composite = checksum?.type === 'COMPOSITE' ? checksum.algorithm : undefined
  let before = 0
  for (const { PartNumber: number, ETag } of asked) {
    if (number === undefined || ETag === undefined) throw malformedXml()
    if (number <= before) throw invalidPartOrder(uploadId)
    before = number
  }
  if (composite && asked.length !== before) throw partsNotConsecutive(uploadId)
  const chosen = asked.map((part) => {
    const record = stored.get(part.PartNumber ?? 0)
    if (!record || unquoted(part.ETag) !== record.etag) throw invalidPart(uploadId, part)
    if (composite && checksumOf(part)?.algorithm !== composite) throw checksumMissing(composite, record.number)
    if (contradicts(part, record)) throw invalidPart(uploadId, part)
    return record
  })
  for (const part of chosen.slice(0, -1)) if (part.sizeBytes < MIN_PART_BYTES) throw entityTooSmall(part)
  return chosen
}

function contradicts(asked: CompletedPart, stored: PartRecord): boolean {
  const checksum = checksumOf(asked)
  return checksum?.algorithm === stored.checksum?.algorithm && checksum?.value !== stored.checksum?.value
}

function unquoted(etag: string | undefined): string | undefined {
  return etag?.trim().replace(/^"(.*)"$/, '$1')
}

export function noSuchUpload(uploadId: string): ApiError {
  return new ApiError(
    'NoSuchUpload',
    'The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.',
    { status: 404, members: { UploadId: uploadId } },
  )
}

function invalidPartOrder(uploadId: string): ApiError {
  return new ApiError(
    'InvalidPartOrder',
    'The list of parts was not in ascending order. Parts must be ordered by part number.',
    { members: { UploadId: uploadId } },
  )
}

/** S3's answer to parts that are not 1, 2, 3, … (reference of CompletedPart); its words are not documented. */
function partsNotConsecutive(uploadId: string): ApiError {
  return new ApiError(
    'InvalidPartOrder',
    'The part numbers of an upload with a composite checksum must be consecutive and begin with 1.',
    { members: { UploadId: uploadId } },
  )
}

/** As S3 words it: aws-sdk-php issue 2648. */
function checksumMissing(algorithm: ChecksumAlgorithm, part: number): ApiError {
  return invalidRequest(
    `The upload was created using a ${algorithm.toLowerCase()} checksum. The complete request must include the checksum for each part. It was missing for part ${part} in the request.`,
  )
}

export function invalidPart(uploadId: string, part: CompletedPart): ApiError {
  return new ApiError(
    'InvalidPart',
    "One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.",
    { members: { UploadId: uploadId, PartNumber: part.PartNumber, ETag: unquoted(part.ETag) } },
  )
}

function entityTooSmall(part: PartRecord): ApiError {
  return new ApiError('EntityTooSmall', 'Your proposed upload is smaller than the minimum allowed size', {
    members: {
      ProposedSize: part.sizeBytes,
      MinSizeAllowed: MIN_PART_BYTES,
      PartNumber: part.number,
      ETag: part.etag,
    },
  })
}
