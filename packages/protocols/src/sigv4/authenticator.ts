import type { AccessKey, AccessKeys } from '@sagebrush/core'
import type { WireRequest } from '../wire/wire-request.ts'
import { canonicalRequests, hashText } from './canonical-request.ts'
import { ALGORITHM, type ClaimProblem, formatTimestamp, type SignatureClaim } from './claim.ts'
import { refusal, type ServiceFamily } from './refusals.ts'
import { sameText } from './same-text.ts'
import { type SigningKey, SigningKeys } from './signing-key.ts'

/** AWS's: a quarter of an hour either way. */
export const DEFAULT_SKEW_MS = 15 * 60_000

/** What a request's signature proves once `verify` has passed. */
export interface Identity {
  readonly key: AccessKey
  readonly claim: SignatureClaim
  /** For the chunk and trailer signatures that chain on the request's own. */
  readonly signingKey: SigningKey
}

/** Checks Signature Version 4. Keeps derived keys and no verdicts: each signature is computed and compared. */
export class Authenticator {
  readonly #accessKeys: AccessKeys
  readonly #now: () => Date
  readonly #skewMs: number
  readonly #signingKeys = new SigningKeys()

  /** `skewMs`: how far the clock of a signature may be off. */
  constructor(accessKeys: AccessKeys, now: () => Date, skewMs = DEFAULT_SKEW_MS) {
    this.#accessKeys = accessKeys
    this.#now = now
    this.#skewMs = skewMs
  }

  /** All that can be refused before the body is read: key, token, clock, which headers are signed. */
  async identify(
    request: WireRequest,
    claim: SignatureClaim | ClaimProblem | undefined,
    family: ServiceFamily,
  ): Promise<Identity> {
    if (!claim) throw refusal(family, 'unsigned', '')
    if ('problem' in claim) throw refusal(family, claim.problem, claim.message)
    checkSignedHeaders(request, claim, family)
    this.#checkClock(claim, family)
    const key = await this.#accessKeys.find(claim.accessKeyId)
    if (!key) throw refusal(family, 'unknown-key', '', { AWSAccessKeyId: claim.accessKeyId })
    checkToken(key, claim.sessionToken, this.#now(), family)
    return { key, claim, signingKey: this.signingKey(key, claim) }
  }

  signingKey(key: AccessKey, scope: Pick<SignatureClaim, 'date' | 'region' | 'service'>): SigningKey {
    return this.#signingKeys.get(key.accessKeyId, key.secretAccessKey, scope.date, scope.region, scope.service)
  }

  async find(accessKeyId: string): Promise<AccessKey | undefined> {
    return this.#accessKeys.find(accessKeyId)
  }

  /** Throws AWS's refusal unless the claimed signature is the one of this request with this payload hash. */
  verify(request: WireRequest, identity: Identity, family: ServiceFamily, payloadHash: string): void {
    const { claim, signingKey } = identity
    const scope = `${claim.date}/${claim.region}/${claim.service}/aws4_request`
    const head = `${ALGORITHM}\n${claim.timestamp}\n${scope}\n`
    let stringToSign = ''
    let canonical = ''
    for (const text of canonicalRequests(request, claim, family === 's3' ? 's3' : 'normalized', payloadHash)) {
      const toSign = head + hashText(text)
      if (sameText(signingKey.sign(toSign), claim.signature)) return
      if (canonical === '') {
        stringToSign = toSign
        canonical = text
      }
    }
    // S3 tells what it computed from, which is how people find what their signer does otherwise. No secret is in it.
    throw refusal(family, 'mismatch', '', {
      AWSAccessKeyId: claim.accessKeyId,
      StringToSign: stringToSign,
      SignatureProvided: claim.signature,
      CanonicalRequest: canonical,
    })
  }

  #checkClock(claim: SignatureClaim, family: ServiceFamily): void {
    if (!claim.timestamp.startsWith(claim.date)) {
      throw refusal(
        family,
        'wrong-date',
        `Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '${claim.date}' != '${claim.timestamp.slice(0, 8)}', from '${claim.timestamp}'.`,
      )
    }
    const now = this.#now()
    const skewMs = this.#skewMs
    const skew = skewMs % 60_000 === 0 ? `${skewMs / 60_000} min.` : `${skewMs / 1000} sec.`
    const age = now.getTime() - claim.time.getTime()
    const lifeMs = claim.expiresSeconds === undefined ? skewMs : claim.expiresSeconds * 1000
    if (age >= -skewMs && age <= lifeMs) return
    const stamp = (offsetMs: number) => formatTimestamp(new Date(now.getTime() + offsetMs))
    if (age < -skewMs) {
      throw refusal(
        family,
        claim.kind === 'query' ? 'not-yet' : 'clock',
        `Signature not yet current: ${claim.timestamp} is still later than ${stamp(skewMs)} (${stamp(0)} + ${skew})`,
        clockMembers(claim, now, skewMs),
      )
    }
    const life = claim.expiresSeconds === undefined ? skew : `${claim.expiresSeconds} sec.`
    throw refusal(
      family,
      claim.kind === 'query' ? 'expired-url' : 'clock',
      `Signature expired: ${claim.timestamp} is now earlier than ${stamp(-lifeMs)} (${stamp(0)} - ${life})`,
      clockMembers(claim, now, skewMs),
    )
  }
}

/** What S3 tells besides, so that the difference of the clocks can be seen. */
function clockMembers(claim: SignatureClaim, now: Date, skewMs: number): Record<string, unknown> {
  if (claim.expiresSeconds === undefined) {
    return { RequestTime: claim.timestamp, ServerTime: now, MaxAllowedSkewMilliseconds: skewMs }
  }
  const expires = new Date(claim.time.getTime() + claim.expiresSeconds * 1000)
  return { 'X-Amz-Expires': claim.expiresSeconds, Expires: expires, ServerTime: now }
}

/**
 * Without `host`, a signature made for one server would be good on another. All `x-amz-*` headers must be signed
 * because they say what is to be done.
 */
function checkSignedHeaders(request: WireRequest, claim: SignatureClaim, family: ServiceFamily): void {
  const unsigned: string[] = []
  if (!claim.signedHeaders.includes('host')) unsigned.push('host')
  for (const name in request.headers) {
    if (name.startsWith('x-amz-') && !claim.signedHeaders.includes(name)) unsigned.push(name)
  }
  if (unsigned.length === 0) return
  const list = unsigned.join(', ')
  throw refusal(family, 'headers-not-signed', `'${list}' must be a 'SignedHeader' in the AWS Authorization.`, {
    HeadersNotSigned: list,
  })
}

/** Temporary credentials come with their token, long-term ones without. */
export function checkToken(key: AccessKey, token: string | undefined, now: Date, family: ServiceFamily): void {
  if (!sameText(key.sessionToken ?? '', token ?? '')) throw refusal(family, 'wrong-token', '')
  if (key.expires && key.expires.getTime() <= now.getTime()) throw refusal(family, 'expired-token', '')
}
