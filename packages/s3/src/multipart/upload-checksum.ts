import { ApiError, createHasher } from '@sagebrush/core'
import {
  type ChecksumAlgorithm,
  type ChecksumMembers,
  type ChecksumType,
  checksumOf,
  DIGESTS,
  parseAlgorithm,
  type StoredChecksum,
} from '../object/checksum.ts'
import { invalidRequest } from '../request-errors.ts'
import type { PartRecord, UploadRecord } from './upload.ts'

/** What checksum an upload's object will have. CRC-64 exists for whole objects only, the hashes for parts only. */
export function uploadChecksum(input: {
  readonly ChecksumAlgorithm?: string
  readonly ChecksumType?: ChecksumType
}): UploadRecord['checksum'] {
  const algorithm = parseAlgorithm(input.ChecksumAlgorithm)
  if (!algorithm) {
    if (input.ChecksumType === undefined) return undefined
    throw invalidRequest('The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.')
  }
  const type = input.ChecksumType ?? (algorithm === 'CRC64NVME' ? 'FULL_OBJECT' : 'COMPOSITE')
  const impossible = type === 'FULL_OBJECT' ? algorithm.startsWith('SHA') : algorithm === 'CRC64NVME'
  if (impossible) {
    throw invalidRequest(
      `The ${type} checksum type cannot be used with the ${algorithm.toLowerCase()} checksum algorithm.`,
    )
  }
  return { algorithm, type }
}

/** The algorithm for a part's bytes: the upload's; a part that comes with another is refused. */
export function partAlgorithm(
  upload: UploadRecord,
  sent: ChecksumAlgorithm | undefined,
): ChecksumAlgorithm | undefined {
  const wanted = upload.checksum?.algorithm
  if (wanted && sent && wanted !== sent) {
    throw invalidRequest(
      `Checksum Type mismatch occurred, expected checksum Type: ${wanted.toLowerCase()}, actual checksum Type: ${sent.toLowerCase()}`,
    )
  }
  return wanted ?? sent
}

/** The checksum of checksums, `-N` behind it; undefined where a part has none. */
export function compositeChecksum(
  algorithm: ChecksumAlgorithm,
  parts: readonly PartRecord[],
): StoredChecksum | undefined {
  const hasher = createHasher(DIGESTS[algorithm])
  for (const { checksum } of parts) {
    if (checksum?.algorithm !== algorithm) return undefined
    hasher.update(Buffer.from(checksum.value, 'base64'))
  }
  return { algorithm, type: 'COMPOSITE', value: `${hasher.digest().toString('base64')}-${parts.length}` }
}

/** Throws BadDigest where the request names another checksum of the object than it has. */
export function checkObjectChecksum(input: ChecksumMembers, known: StoredChecksum | undefined): void {
  const asked = checksumOf(input)
  if (!asked || !known || asked.algorithm !== known.algorithm || asked.value === known.value) return
  throw new ApiError('BadDigest', `The ${asked.algorithm} you specified did not match the calculated checksum.`)
}
