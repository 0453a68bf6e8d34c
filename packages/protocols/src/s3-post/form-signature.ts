import type { AccessKey } from '@sagebrush/core'
import { type Authenticator, checkToken } from '../sigv4/authenticator.ts'
import { ALGORITHM, readScope } from '../sigv4/claim.ts'
import { refusal } from '../sigv4/refusals.ts'
import { sameText } from '../sigv4/same-text.ts'

export interface FormIdentity {
  readonly key: AccessKey
  readonly region: string
  /** The signed policy, base64 as sent. */
  readonly policy: string
}

/** A form signs its policy and nothing else: what the policy does not fix, the sender may choose. */
export async function verifyForm(
  fields: ReadonlyMap<string, string>,
  authenticator: Authenticator,
  now: Date,
): Promise<FormIdentity> {
  const policy = fields.get('policy')
  if (policy === undefined) throw refusal('s3', 'unsigned', '')
  if (fields.get('x-amz-algorithm') !== ALGORITHM) {
    throw refusal('s3', 'unsupported', `The form's field x-amz-algorithm must be ${ALGORITHM}.`)
  }
  const scope = readScope(fields.get('x-amz-credential') ?? '')
  const signature = fields.get('x-amz-signature')
  if (scope?.service !== 's3' || signature === undefined) {
    throw refusal(
      's3',
      'unsupported',
      'The form needs the fields x-amz-credential (in the scope of s3) and x-amz-signature.',
    )
  }
  const key = await authenticator.find(scope.accessKeyId)
  if (!key) throw refusal('s3', 'unknown-key', '', { AWSAccessKeyId: scope.accessKeyId })
  checkToken(key, fields.get('x-amz-security-token'), now, 's3')
  const computed = authenticator.signingKey(key, scope).sign(policy)
  if (!sameText(computed, signature)) {
    throw refusal('s3', 'mismatch', '', { AWSAccessKeyId: scope.accessKeyId, StringToSign: policy })
  }
  return { key, region: scope.region, policy }
}
