import { createHmac } from 'node:crypto'

/** HMAC-SHA256, raw. */
export function hmac(key: string | Uint8Array, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}

/**
 * The derived keys of signatures seen lately. A derived key says nothing about any request: each signature is
 * still computed and compared for itself. The secret is part of the lookup, so that a new secret is in force at once.
 */
export class SigningKeys {
  readonly #keys = new Map<string, Buffer>()
  readonly #capacity: number

  constructor(capacity = 1000) {
    this.#capacity = capacity
  }

  /** `date` is `YYYYMMDD`. */
  get(accessKeyId: string, secret: string, date: string, region: string, service: string): Buffer {
    const name = `${accessKeyId}\n${secret}\n${date}\n${region}\n${service}`
    const known = this.#keys.get(name)
    if (known) return known
    const key = hmac(hmac(hmac(hmac(`AWS4${secret}`, date), region), service), 'aws4_request')
    if (this.#keys.size >= this.#capacity) {
      const oldest = this.#keys.keys().next().value
      if (oldest !== undefined) this.#keys.delete(oldest)
    }
    this.#keys.set(name, key)
    return key
  }
}
