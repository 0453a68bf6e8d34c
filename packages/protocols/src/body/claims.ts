import { ApiError, createHasher, type DigestName, type Hasher } from '@sagebrush/core'
import type { Checksums } from './verified-body.ts'

const CHECKSUM_SIZES = { crc32: 4, crc32c: 4, crc64nvme: 8, sha1: 20, sha256: 32 } as const

type ChecksumName = keyof typeof CHECKSUM_SIZES

const PREFIX = 'x-amz-checksum-'

/** Headers under the prefix that are no digest. */
const NO_DIGESTS = new Set(['x-amz-checksum-algorithm', 'x-amz-checksum-mode', 'x-amz-checksum-type'])

/** One digest that the client says its body has, or will say in a trailer. */
interface Claim {
  readonly name: DigestName
  readonly hasher: Hasher
  /** Base64; undefined until the trailer came. */
  expected: string | undefined
}

/** Everything that a request claims of its body's bytes. Fed with them, it refuses at the end what is not so. */
export class BodyClaims {
  readonly #claims: Claim[] = []
  readonly #sha256: { readonly hasher: Hasher; readonly expected: string } | undefined
  readonly #trailer: string | undefined
  #verified: Partial<Record<DigestName, string>> = {}

  /** `sha256` is the signed hash in hexadecimal, where the payload is signed whole. */
  constructor(headers: Readonly<Record<string, string>>, sha256: string | undefined, verifyChecksums: boolean) {
    if (sha256 !== undefined) this.#sha256 = { hasher: createHasher('sha256'), expected: sha256 }
    const md5 = headers['content-md5']
    if (md5 !== undefined) this.#claims.push({ name: 'md5', hasher: createHasher('md5'), expected: validMd5(md5) })
    if (verifyChecksums) {
      const stated = statedChecksum(headers)
      if (stated) this.#claims.push({ ...stated, hasher: createHasher(stated.name) })
      this.#trailer = trailerName(headers)
      if (this.#trailer !== undefined) {
        if (stated) throw invalidRequest('Expecting a single x-amz-checksum- header')
        const name = this.#trailer.slice(PREFIX.length) as ChecksumName
        this.#claims.push({ name, hasher: createHasher(name), expected: undefined })
      }
      const algorithm = headers['x-amz-sdk-checksum-algorithm']
      if (algorithm !== undefined && !stated && this.#trailer === undefined) {
        throw invalidRequest(
          'x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.',
        )
      }
    }
  }

  /** True where a checksum or an MD5 is claimed: the signed hash, which every request has, does not count. */
  get hasDigest(): boolean {
    return this.#claims.length > 0
  }

  update(bytes: Uint8Array): void {
    this.#sha256?.hasher.update(bytes)
    for (const claim of this.#claims) claim.hasher.update(bytes)
  }

  /** Takes the trailers of an `aws-chunked` body, names in lower case. */
  trailers(trailers: ReadonlyMap<string, string>): void {
    for (const name of trailers.keys()) if (name !== this.#trailer) throw malformedTrailer()
    for (const claim of this.#claims) {
      if (claim.expected !== undefined) continue
      const value = trailers.get(`${PREFIX}${claim.name}`)
      if (value === undefined) throw malformedTrailer()
      claim.expected = validChecksum(claim.name as ChecksumName, value)
    }
  }

  /** After the last byte. Throws S3's error for the first claim that does not hold. */
  finish(): void {
    if (this.#sha256) {
      const computed = this.#sha256.hasher.digest().toString('hex')
      if (computed !== this.#sha256.expected) {
        throw new ApiError(
          'XAmzContentSHA256Mismatch',
          "The provided 'x-amz-content-sha256' header does not match what was computed.",
          { members: { ClientComputedContentSHA256: this.#sha256.expected, S3ComputedContentSHA256: computed } },
        )
      }
    }
    for (const { name, hasher, expected } of this.#claims) {
      const computed = hasher.digest().toString('base64')
      if (expected === undefined) throw malformedTrailer()
      if (computed !== expected) throw badDigest(name, expected, computed)
      this.#verified[name] = computed
    }
  }

  verified(): Checksums {
    return this.#verified
  }
}

function statedChecksum(
  headers: Readonly<Record<string, string>>,
): { name: ChecksumName; expected: string } | undefined {
  let stated: { name: ChecksumName; expected: string } | undefined
  for (const header in headers) {
    if (!header.startsWith(PREFIX) || NO_DIGESTS.has(header)) continue
    const name = header.slice(PREFIX.length)
    if (!isChecksumName(name)) throw unsupportedChecksum(header)
    if (stated) {
      throw invalidRequest('Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.')
    }
    stated = { name, expected: validChecksum(name, headers[header] ?? '') }
  }
  return stated
}

function trailerName(headers: Readonly<Record<string, string>>): string | undefined {
  const trailer = headers['x-amz-trailer']?.trim().toLowerCase()
  if (trailer === undefined || trailer === '') return undefined
  if (!trailer.startsWith(PREFIX) || !isChecksumName(trailer.slice(PREFIX.length))) {
    throw invalidRequest('The value specified in the x-amz-trailer header is not supported')
  }
  return trailer
}

function isChecksumName(name: string): name is ChecksumName {
  return Object.hasOwn(CHECKSUM_SIZES, name)
}

function validChecksum(name: ChecksumName, value: string): string {
  const bytes = Buffer.from(value, 'base64')
  if (bytes.length !== CHECKSUM_SIZES[name] || bytes.toString('base64') !== value) {
    throw invalidRequest(`Value for ${PREFIX}${name} header is invalid.`)
  }
  return value
}

function validMd5(value: string): string {
  if (Buffer.from(value, 'base64').length === 16 && value.length === 24) return value
  throw new ApiError('InvalidDigest', 'The Content-MD5 you specified was invalid.', {
    members: { 'Content-MD5': value },
  })
}

function badDigest(name: DigestName, expected: string, computed: string): ApiError {
  if (name !== 'md5') {
    return new ApiError('BadDigest', `The ${name.toUpperCase()} you specified did not match the calculated checksum.`)
  }
  return new ApiError('BadDigest', 'The Content-MD5 you specified did not match what we received.', {
    members: { ExpectedDigest: expected, CalculatedDigest: computed },
  })
}

function unsupportedChecksum(header: string): ApiError {
  const known = Object.keys(CHECKSUM_SIZES)
  return invalidRequest(`${header} is not supported: use ${known.map((name) => PREFIX + name).join(', ')}`)
}

function invalidRequest(message: string): ApiError {
  return new ApiError('InvalidRequest', message)
}

export function malformedTrailer(): ApiError {
  return new ApiError(
    'MalformedTrailerError',
    'The request contained trailing data that was not well-formed or did not conform to our published schema.',
  )
}
