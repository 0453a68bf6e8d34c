import { createHmac } from 'node:crypto'
import type { AccessKey } from '@sagebrush/core'
import { type Authenticator, checkToken } from '../sigv4/authenticator.ts'
import { ALGORITHM, readScope } from '../sigv4/claim.ts'
import { refusal } from '../sigv4/refusals.ts'
import { sameText } from '../sigv4/same-text.ts'

export interface FormIdentity {
  readonly key: AccessKey
  /** Undefined where the signature names none. */
  readonly region: string | undefined
  /** The signed policy, base64 as sent. */
  readonly policy: string
}

type Fields = ReadonlyMap<string, string>

/** Who asks, and how the policy must have been signed. */
interface FormClaim {
  readonly accessKeyId: string
  readonly region: string | undefined
  readonly signature: string
  sign(key: AccessKey, policy: string): string
}

/** A form signs its policy and nothing else: what the policy does not fix, the sender may choose. */
export async function verifyForm(fields: Fields, authenticator: Authenticator, now: Date): Promise<FormIdentity> {
  const policy = fields.get('policy')
  if (policy === undefined) throw refusal('s3', 'unsigned', '')
  const { accessKeyId, region, signature, sign } = isOld(fields) ? oldClaim(fields) : claim(fields, authenticator)
  const key = await authenticator.find(accessKeyId)
  if (!key) throw refusal('s3', 'unknown-key', '', { AWSAccessKeyId: accessKeyId })
  checkToken(key, fields.get('x-amz-security-token'), now, 's3')
  if (!sameText(sign(key, policy), signature)) {
    throw refusal('s3', 'mismatch', '', { AWSAccessKeyId: accessKeyId, StringToSign: policy })
  }
  return { key, region, policy }
}

function claim(fields: Fields, authenticator: Authenticator): FormClaim {
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
  const sign = (key: AccessKey, policy: string) => authenticator.signingKey(key, scope).sign(policy)
  return { accessKeyId: scope.accessKeyId, region: scope.region, signature, sign }
}

/** Signature Version 2, as boto3's `generate_presigned_post` makes it unless told otherwise. */
function isOld(fields: Fields): boolean {
  if (fields.has('x-amz-algorithm') || fields.has('x-amz-signature')) return false
  return fields.has('awsaccesskeyid') || fields.has('signature')
}

function oldClaim(fields: Fields): FormClaim {
  const [accessKeyId, signature] = [fields.get('awsaccesskeyid'), fields.get('signature')]
  if (accessKeyId === undefined || signature === undefined) {
    throw refusal(
      's3',
      'unsupported',
      'The form needs the fields AWSAccessKeyId and signature, or x-amz-algorithm, x-amz-credential and x-amz-signature.',
    )
  }
  const sign = (key: AccessKey, policy: string) =>
    createHmac('sha1', key.secretAccessKey).update(policy, 'utf8').digest('base64')
  return { accessKeyId, region: undefined, signature, sign }
}
