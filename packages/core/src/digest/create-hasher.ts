import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import type { DigestName } from '../ports/blobs.ts'
import { Crc32c } from './crc32c.ts'
import { Crc64Nvme } from './crc64nvme.ts'
import type { Hasher } from './hasher.ts'

/** An incremental digest by its name. */
export function createHasher(name: DigestName): Hasher {
  switch (name) {
    case 'crc32':
      return new Crc32()
    case 'crc32c':
      return new Crc32c()
    case 'crc64nvme':
      return new Crc64Nvme()
    default:
      return new CryptoHash(name)
  }
}

class Crc32 implements Hasher {
  #crc = 0

  update(bytes: Uint8Array): void {
    this.#crc = crc32(bytes, this.#crc)
  }

  digest(): Buffer {
    const out = Buffer.allocUnsafe(4)
    out.writeUInt32BE(this.#crc, 0)
    return out
  }
}

class CryptoHash implements Hasher {
  readonly #hash

  constructor(name: 'md5' | 'sha1' | 'sha256') {
    this.#hash = createHash(name)
  }

  update(bytes: Uint8Array): void {
    this.#hash.update(bytes)
  }

  digest(): Buffer {
    return this.#hash.digest()
  }
}
