import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, X509Certificate } from 'node:crypto'
import { join } from 'node:path'
import { createSecureContext, type SecureContext } from 'node:tls'
import type { Issuer } from './certificates.ts'
import { AWS_DOMAINS } from './hosts.ts'
import { makePrivateFolder, readIfThere, readOrMake } from './private-files.ts'

const FILE = 'authority.pem'
const DAY_MS = 86_400_000
const AUTHORITY_DAYS = 3650
const LEAF_DAYS = 90
const MOST_LEAVES = 1000

interface Leaf {
  readonly context: SecureContext
  readonly renewAfter: number
}

/**
 * The certificate authority of this home. Its key and certificate are one file of ours alone, so that they always
 * belong together; certificates of hosts are made when they are first asked for and live in memory.
 */
export class LocalAuthority {
  /** PEM. */
  readonly certificate: string
  readonly #issuer: Issuer
  readonly #clock: () => Date
  readonly #leaves = new Map<string, Promise<Leaf>>()
  readonly #leafKey = generateKeyPairSync('ec', { namedCurve: 'P-256' })

  private constructor(pem: string, clock: () => Date) {
    const certificate = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----\n/.exec(pem)?.[0]
    if (!certificate) throw new Error('The file of the local certificate authority holds no certificate')
    const privateKey = createPrivateKey(pem)
    this.certificate = certificate
    const commonName = /^CN=(.*)$/m.exec(new X509Certificate(certificate).subject)?.[1] ?? ''
    this.#issuer = { commonName, privateKey, publicKey: createPublicKey(privateKey) }
    this.#clock = clock
  }

  /** Reads the authority of a folder, or makes it. `authority.pem` is to be removed by hand for a new one. */
  static async open(folder: string, clock: () => Date): Promise<LocalAuthority> {
    makePrivateFolder(folder)
    const known = readIfThere(join(folder, FILE))
    if (known !== undefined) return new LocalAuthority(known, clock)
    // The library is loaded where a certificate is made: a later start has no need of it.
    const { issueAuthority } = await import('./certificates.ts')
    return new LocalAuthority(
      readOrMake(folder, FILE, () => newAuthority(issueAuthority, clock())),
      clock,
    )
  }

  /** What a TLS server needs to be `host`. */
  async secureContext(host: string): Promise<SecureContext> {
    const known = await this.#leaves.get(host)
    if (known && known.renewAfter > this.#clock().getTime()) return known.context
    const made = this.#issue(host)
    this.#leaves.delete(host)
    this.#leaves.set(host, made)
    const [oldest] = this.#leaves.keys()
    if (this.#leaves.size > MOST_LEAVES && oldest !== undefined) this.#leaves.delete(oldest)
    return (await made).context
  }

  async #issue(host: string): Promise<Leaf> {
    const { issueLeaf } = await import('./certificates.ts')
    const now = this.#clock().getTime()
    const certificate = issueLeaf(
      {
        // A common name has 64 characters at most; what counts is the alternative name.
        commonName: host.slice(0, 64),
        publicKey: this.#leafKey.publicKey,
        serial: newSerial(),
        notBefore: new Date(now - DAY_MS),
        notAfter: new Date(now + LEAF_DAYS * DAY_MS),
      },
      this.#issuer,
      host,
    )
    const key = this.#leafKey.privateKey.export({ type: 'pkcs8', format: 'pem' })
    const context = createSecureContext({ key, cert: certificate + this.certificate, minVersion: 'TLSv1.2' })
    return { context, renewAfter: now + (LEAF_DAYS / 2) * DAY_MS }
  }
}

function newAuthority(issueAuthority: typeof import('./certificates.ts').issueAuthority, now: Date): string {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  // Its own name, so that the authorities of two homes can stand in one bundle.
  const commonName = `Sagebrush local authority ${randomBytes(4).toString('hex')}`
  const request = {
    commonName,
    publicKey,
    serial: newSerial(),
    notBefore: new Date(now.getTime() - DAY_MS),
    notAfter: new Date(now.getTime() + AUTHORITY_DAYS * DAY_MS),
  }
  const certificate = issueAuthority(request, { commonName, privateKey, publicKey }, AWS_DOMAINS)
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() + certificate
}

/** Positive, 16 bytes. */
function newSerial(): Uint8Array {
  const serial = randomBytes(16)
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40
  return serial
}
