import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import type { DigestName } from '@sagebrush/core'
import { crc32c } from './crc32c.ts'
import { Crc64Nvme } from './crc64nvme.ts'

/** Raw digests by name; the checksums are big-endian. */
export type Digests = Partial<Record<DigestName, Uint8Array>>

interface Running {
  update(bytes: Uint8Array): void
  digest(): Uint8Array
}

/** Several digests over one stream of bytes. */
export class Digester {
  readonly #running: readonly (readonly [DigestName, Running])[]

  constructor(names: readonly DigestName[]) {
    this.#running = [...new Set(names)].map((name) => [name, begin(name)])
  }

  update(bytes: Uint8Array): void {
    for (const [, running] of this.#running) running.update(bytes)
  }

  digests(): Digests {
    return Object.fromEntries(this.#running.map(([name, running]) => [name, running.digest()]))
  }
}

function begin(name: DigestName): Running {
  if (name === 'crc64nvme') return new Crc64Nvme()
  if (name === 'crc32') return new Checksum((bytes, value) => crc32(bytes, value))
  if (name === 'crc32c') return new Checksum(crc32c)
  return createHash(name)
}

class Checksum implements Running {
  readonly #step: (bytes: Uint8Array, value: number) => number
  #value = 0

  constructor(step: (bytes: Uint8Array, value: number) => number) {
    this.#step = step
  }

  update(bytes: Uint8Array): void {
    this.#value = this.#step(bytes, this.#value)
  }

  digest(): Uint8Array {
    const digest = Buffer.alloc(4)
    digest.writeUInt32BE(this.#value)
    return digest
  }
}
