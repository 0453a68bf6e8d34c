import { createHmac } from 'node:crypto'
import type { AccessKey } from '@sagebrush/core'
import { type Authenticator, checkToken } from '../sigv4/authenticator.ts'
import { refusal } from '../sigv4/refusals.ts'
import { sameText } from '../sigv4/same-text.ts'
import type { WireRequest } from '../wire/wire-request.ts'
import { urlStringsToSign } from './string-to-sign.ts'
import { readUrlClaim } from './url-claim.ts'

/** The key that signed the URL. Throws S3's refusal where none did, or its time is over. */
export async function verifyUrl(
  request: WireRequest,
  bucket: string | undefined,
  authenticator: Pick<Authenticator, 'find'>,
  now: Date,
): Promise<AccessKey> {
  const claim = readUrlClaim(request)
  if (!claim) throw refusal('s3', 'unsigned', '')
  if ('problem' in claim) throw refusal('s3', 'malformed-url', claim.problem)
  const expires = new Date(Number(claim.expires) * 1000)
  if (expires.getTime() <= now.getTime()) {
    throw refusal('s3', 'expired-url', '', { Expires: expires, ServerTime: now })
  }
  const key = await authenticator.find(claim.accessKeyId)
  if (!key) throw refusal('s3', 'unknown-key', '', { AWSAccessKeyId: claim.accessKeyId })
  checkToken(key, claim.sessionToken, now, 's3')
  const texts = urlStringsToSign(request, bucket, claim.expires)
  for (const text of texts) {
    const computed = createHmac('sha1', key.secretAccessKey).update(text, 'latin1').digest('base64')
    if (sameText(computed, claim.signature)) return key
  }
  throw refusal('s3', 'mismatch', '', {
    AWSAccessKeyId: claim.accessKeyId,
    StringToSign: texts[0],
    SignatureProvided: claim.signature,
  })
}
