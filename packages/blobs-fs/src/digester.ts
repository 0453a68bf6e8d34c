import { createHasher, type DigestName, type Hasher } from '@sagebrush/core'

/** Raw digests by name; the checksums are big-endian. */
export type Digests = Partial<Record<DigestName, Uint8Array>>

/** Several digests over one stream of bytes. */
export class Digester {
  readonly #hashers: readonly (readonly [DigestName, Hasher])[]

  constructor(names: readonly DigestName[]) {
    this.#hashers = [...new Set(names)].map((name) => [name, createHasher(name)])
  }

  update(bytes: Uint8Array): void {
    for (const [, hasher] of this.#hashers) hasher.update(bytes)
  }

  digests(): Digests {
    return Object.fromEntries(this.#hashers.map(([name, hasher]) => [name, hasher.digest()]))
  }
}
