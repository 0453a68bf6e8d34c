import type { BlobInfo, DigestName } from '@sagebrush/core'
import { invalidRequest } from '../request-errors.ts'

export type ChecksumAlgorithm = 'CRC32' | 'CRC32C' | 'CRC64NVME' | 'SHA1' | 'SHA256'
export type ChecksumType = 'COMPOSITE' | 'FULL_OBJECT'

/** The checksum of an object or a part, as S3 tells it. */
export interface StoredChecksum {
  readonly algorithm: ChecksumAlgorithm
  readonly type: ChecksumType
  /** Base64; a composite one has `-N` behind it. */
  readonly value: string
}

/** The members that carry a checksum, in requests and in answers alike. */
export interface ChecksumMembers {
  ChecksumCRC32?: string
  ChecksumCRC32C?: string
  ChecksumCRC64NVME?: string
  ChecksumSHA1?: string
  ChecksumSHA256?: string
}

const MEMBERS: Readonly<Record<ChecksumAlgorithm, keyof ChecksumMembers>> = {
  CRC32: 'ChecksumCRC32',
  CRC32C: 'ChecksumCRC32C',
  CRC64NVME: 'ChecksumCRC64NVME',
  SHA1: 'ChecksumSHA1',
  SHA256: 'ChecksumSHA256',
}

export const DIGESTS: Readonly<Record<ChecksumAlgorithm, DigestName>> = {
  CRC32: 'crc32',
  CRC32C: 'crc32c',
  CRC64NVME: 'crc64nvme',
  SHA1: 'sha1',
  SHA256: 'sha256',
}

const ALGORITHMS = Object.keys(MEMBERS) as ChecksumAlgorithm[]
const UNSUPPORTED = ['ChecksumSHA512', 'ChecksumMD5', 'ChecksumXXHASH64', 'ChecksumXXHASH3', 'ChecksumXXHASH128']

/** `input` may be any request: what it does not carry is undefined. */
export function checksumOf(input: ChecksumMembers): { algorithm: ChecksumAlgorithm; value: string } | undefined {
  const carried = input as Readonly<Record<string, unknown>>
  if (UNSUPPORTED.some((name) => carried[name] !== undefined)) throw unsupportedAlgorithm()
  for (const algorithm of ALGORITHMS) {
    const value = input[MEMBERS[algorithm]]
    if (value !== undefined) return { algorithm, value }
  }
  return undefined
}

/** The algorithm that `x-amz-checksum-algorithm` or `x-amz-sdk-checksum-algorithm` names. */
export function parseAlgorithm(name: string | undefined): ChecksumAlgorithm | undefined {
  if (name === undefined || name === '') return undefined
  const known = ALGORITHMS.find((algorithm) => algorithm === name.toUpperCase())
  if (!known) throw unsupportedAlgorithm()
  return known
}

/**
 * The checksum that a body comes with: in a header, announced in `x-amz-trailer` (the gateway checks both against
 * the bytes), or asked for by name.
 */
export function bodyAlgorithm(
  input: ChecksumMembers & { readonly ChecksumAlgorithm?: string },
  headers: Readonly<Record<string, string>>,
): ChecksumAlgorithm | undefined {
  const trailer = /x-amz-checksum-([a-z0-9]+)/i.exec(headers['x-amz-trailer'] ?? '')?.[1]
  return checksumOf(input)?.algorithm ?? parseAlgorithm(trailer ?? input.ChecksumAlgorithm)
}

export function digestsFor(algorithm: ChecksumAlgorithm | undefined): readonly DigestName[] {
  return algorithm ? ['md5', DIGESTS[algorithm]] : ['md5']
}

export function fullObjectChecksum(
  algorithm: ChecksumAlgorithm | undefined,
  digests: BlobInfo['digests'],
): StoredChecksum | undefined {
  const digest = algorithm && digests[DIGESTS[algorithm]]
  if (!algorithm || !digest) return undefined
  return { algorithm, type: 'FULL_OBJECT', value: Buffer.from(digest).toString('base64') }
}

export function checksumMembers(checksum: StoredChecksum | undefined): ChecksumMembers {
  return checksum ? { [MEMBERS[checksum.algorithm]]: checksum.value } : {}
}

function unsupportedAlgorithm() {
  return invalidRequest(
    'Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]',
  )
}
