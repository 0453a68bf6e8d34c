import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { makePrivateFolder, readOrMake } from './private-files.ts'

const USER = 'sagebrush'

/**
 * Who may use the proxy: whoever knows its token, and the holder of a valid access key with a password made of the key's
 * id and the token. Programs print their HTTPS_PROXY: what a task knows is worth nothing once its key has expired.
 */
export class ProxyAccess {
  readonly #token: string
  readonly #isValid: (accessKeyId: string) => Promise<boolean>

  /** The token is made where the folder has none. It stays, so that a shell's environment outlives a restart. */
  constructor(folder: string, isValid: (accessKeyId: string) => Promise<boolean>) {
    makePrivateFolder(folder)
    this.#token = readOrMake(folder, 'proxy-token', () => randomBytes(24).toString('base64url'))
    this.#isValid = isValid
  }

  /** `address` (`http://127.0.0.1:7243`) with the token in it. */
  url(address: string): string {
    return address.replace('://', `://${USER}:${this.#token}@`)
  }

  /** `address` with what lets the holder of an access key in, as long as the key is valid. */
  urlFor(address: string, accessKeyId: string): string {
    return address.replace('://', `://${accessKeyId}:${this.#passwordOf(accessKeyId)}@`)
  }

  /** Whether a URL is one of `url`'s. */
  isOurs(url: string): boolean {
    return url.includes(this.#token)
  }

  /** Whether a Proxy-Authorization header lets its sender in. */
  async allows(header: string | undefined): Promise<boolean> {
    const [, encoded] = /^Basic ([A-Za-z0-9+/=]+)$/i.exec(header ?? '') ?? []
    if (encoded === undefined) return false
    const [, user = '', password = ''] = /^([^:]*):(.*)$/s.exec(Buffer.from(encoded, 'base64').toString()) ?? []
    if (user === USER) return same(password, this.#token)
    return same(password, this.#passwordOf(user)) && (await this.#isValid(user))
  }

  #passwordOf(accessKeyId: string): string {
    return createHmac('sha256', this.#token).update(accessKeyId).digest('base64url')
  }
}

/** In constant time. */
function same(given: string, wanted: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(wanted))
}
