import { parseQuery } from '../wire/percent.ts'
import type { WireRequest } from '../wire/wire-request.ts'

/** What a URL signed by Signature Version 2 says of itself; nothing of it is verified. */
export interface UrlClaim {
  readonly accessKeyId: string
  /** Base64. */
  readonly signature: string
  /** Seconds since the epoch, as written: the text is signed. */
  readonly expires: string
  readonly sessionToken: string | undefined
}

/**
 * The claim of an S3 URL as `aws s3 presign` and boto3's `generate_presigned_url` make it unless told otherwise, or
 * what is wrong with it; undefined for every other request. The query services' own old signature, which states
 * `SignatureVersion`, is none.
 */
export function readUrlClaim({ query, headers }: WireRequest): UrlClaim | { readonly problem: string } | undefined {
  if (headers.authorization !== undefined || !/(^|&)(AWSAccessKeyId|Signature)=/.test(query)) return undefined
  if (/(^|&)SignatureVersion=/.test(query)) return undefined
  const fields = new Map(parseQuery(query) ?? [])
  const [accessKeyId, signature, expires] = [
    fields.get('AWSAccessKeyId'),
    fields.get('Signature'),
    fields.get('Expires'),
  ]
  if (!accessKeyId || !signature || !expires) {
    return { problem: 'Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters' }
  }
  if (!/^\d{1,12}$/.test(expires)) return { problem: `Invalid date (should be seconds since epoch): ${expires}` }
  const sessionToken = fields.get('x-amz-security-token') ?? headers['x-amz-security-token']
  return { accessKeyId, signature, expires, sessionToken }
}
