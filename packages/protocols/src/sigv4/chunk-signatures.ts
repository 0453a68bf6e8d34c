import { createHash, type Hash } from 'node:crypto'
import { sameText } from './same-text.ts'
import type { SigningKey } from './signing-key.ts'

const EMPTY_SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'

/** The chain of signatures of a body sent in signed chunks: each signs its own bytes and the signature before it. */
export class ChunkSignatures {
  readonly #signingKey: SigningKey
  readonly #head: string
  #previous: string
  #hash: Hash = createHash('sha256')

  /** `seed` is the request's own signature, `scope` is `date/region/service/aws4_request`. */
  constructor(signingKey: SigningKey, timestamp: string, scope: string, seed: string) {
    this.#signingKey = signingKey
    this.#head = `${timestamp}\n${scope}`
    this.#previous = seed
  }

  update(bytes: Uint8Array): void {
    this.#hash.update(bytes)
  }

  /** Ends a chunk: true where its signature is right. */
  endChunk(signature: string): boolean {
    const text = `AWS4-HMAC-SHA256-PAYLOAD\n${this.#head}\n${this.#previous}\n${EMPTY_SHA256}\n${this.#hash.digest('hex')}`
    this.#hash = createHash('sha256')
    return this.#advance(text, signature)
  }

  /** `trailers` are the lines as sent, each ended by a line feed. */
  endTrailers(trailers: string, signature: string): boolean {
    const digest = createHash('sha256').update(trailers, 'latin1').digest('hex')
    return this.#advance(`AWS4-HMAC-SHA256-TRAILER\n${this.#head}\n${this.#previous}\n${digest}`, signature)
  }

  #advance(text: string, signature: string): boolean {
    this.#previous = this.#signingKey.sign(text)
    return sameText(this.#previous, signature)
  }
}
