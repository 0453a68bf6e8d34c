import { createHmac, hash } from 'node:crypto'

/** HMAC-SHA256, raw. */
export function hmac(key: string | Uint8Array, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}

const BLOCK = 64

/**
 * A key ready to sign with. HMAC is two hashes over padded keys; with the padding done once, two one-shot hashes take
 * a third of the time that making a Hmac object takes.
 */
export class SigningKey {
  readonly #inner = Buffer.alloc(BLOCK, 0x36)
  /** The padded key, and room for the inner digest. */
  readonly #outer = Buffer.alloc(BLOCK + 32, 0x5c)

  /** `key` is no longer than a block, as every derived key is. */
  constructor(key: Uint8Array) {
    for (const [i, byte] of key.entries()) {
      this.#inner.writeUInt8(this.#inner.readUInt8(i) ^ byte, i)
      this.#outer.writeUInt8(this.#outer.readUInt8(i) ^ byte, i)
    }
  }

  /** HMAC-SHA256 of the text's bytes (one a character), in hexadecimal. */
  sign(text: string): string {
    const message = Buffer.allocUnsafe(BLOCK + text.length)
    message.set(this.#inner)
    message.write(text, BLOCK, 'latin1')
    this.#outer.set(hash('sha256', message, 'buffer'), BLOCK)
    return hash('sha256', this.#outer, 'hex')
  }
}

/**
 * The derived keys of signatures seen lately. A derived key says nothing about any request: each signature is
 * still computed and compared for itself. The secret is part of the lookup, so that a new secret is in force at once.
 */
export class SigningKeys {
  readonly #keys = new Map<string, SigningKey>()
  readonly #capacity: number

  constructor(capacity = 1000) {
    this.#capacity = capacity
  }

  /** `date` is `YYYYMMDD`. */
  get(accessKeyId: string, secret: string, date: string, region: string, service: string): SigningKey {
    const name = `${accessKeyId}\n${secret}\n${date}\n${region}\n${service}`
    const known = this.#keys.get(name)
    if (known) return known
    const key = new SigningKey(hmac(hmac(hmac(hmac(`AWS4${secret}`, date), region), service), 'aws4_request'))
    if (this.#keys.size >= this.#capacity) {
      const oldest = this.#keys.keys().next().value
      if (oldest !== undefined) this.#keys.delete(oldest)
    }
    this.#keys.set(name, key)
    return key
  }
}
