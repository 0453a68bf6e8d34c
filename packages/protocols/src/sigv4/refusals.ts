import { ApiError } from '@sagebrush/core'

/** The kinds of services, which name the same refusal differently. */
export type ServiceFamily = 'json' | 'rest-json' | 'query' | 's3'

export type RefusalReason =
  | 'unsigned'
  | 'unsupported'
  | 'malformed-header'
  | 'malformed-query'
  | 'malformed-url'
  | 'no-date'
  | 'wrong-date'
  | 'unknown-key'
  | 'wrong-token'
  | 'expired-token'
  | 'headers-not-signed'
  | 'clock'
  | 'expired-url'
  | 'not-yet'
  | 'mismatch'

interface Wording {
  readonly name: string
  readonly status: number
  /** Where absent, the reason's own detail is the message. */
  readonly message?: string
}

const S3_MISMATCH =
  'The request signature we calculated does not match the signature you provided. Check your key and signing method.'
const MISMATCH =
  'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.'
const INVALID_TOKEN = 'The security token included in the request is invalid.'
const EXPIRED_TOKEN = 'The security token included in the request is expired'

/** Names, statuses and words as S3's and IAM's error pages and the common errors of the JSON services list them. */
const S3: Readonly<Record<RefusalReason, Wording>> = {
  unsigned: { name: 'AccessDenied', status: 403, message: 'Access Denied' },
  unsupported: { name: 'InvalidRequest', status: 400 },
  'malformed-header': { name: 'AuthorizationHeaderMalformed', status: 400 },
  'malformed-query': { name: 'AuthorizationQueryParametersError', status: 400 },
  'malformed-url': { name: 'AccessDenied', status: 403 },
  'no-date': {
    name: 'AccessDenied',
    status: 403,
    message: 'AWS authentication requires a valid Date or x-amz-date header',
  },
  'wrong-date': { name: 'AuthorizationHeaderMalformed', status: 400 },
  'unknown-key': {
    name: 'InvalidAccessKeyId',
    status: 403,
    message: 'The AWS Access Key Id you provided does not exist in our records.',
  },
  'wrong-token': {
    name: 'InvalidToken',
    status: 400,
    message: 'The provided token is malformed or otherwise invalid.',
  },
  'expired-token': { name: 'ExpiredToken', status: 400, message: 'The provided token has expired.' },
  'headers-not-signed': {
    name: 'AccessDenied',
    status: 403,
    message: 'There were headers present in the request which were not signed',
  },
  clock: {
    name: 'RequestTimeTooSkewed',
    status: 403,
    message: 'The difference between the request time and the current time is too large.',
  },
  'expired-url': { name: 'AccessDenied', status: 403, message: 'Request has expired' },
  'not-yet': { name: 'AccessDenied', status: 403, message: 'Request is not yet valid' },
  mismatch: { name: 'SignatureDoesNotMatch', status: 403, message: S3_MISMATCH },
}

const QUERY: Readonly<Record<RefusalReason, Wording>> = {
  unsigned: { name: 'MissingAuthenticationToken', status: 403, message: 'Request is missing Authentication Token' },
  unsupported: { name: 'IncompleteSignature', status: 400 },
  'malformed-header': { name: 'IncompleteSignature', status: 400 },
  'malformed-query': { name: 'IncompleteSignature', status: 400 },
  'malformed-url': { name: 'IncompleteSignature', status: 400 },
  'no-date': { name: 'IncompleteSignature', status: 400 },
  'wrong-date': { name: 'SignatureDoesNotMatch', status: 403 },
  'unknown-key': { name: 'InvalidClientTokenId', status: 403, message: INVALID_TOKEN },
  'wrong-token': { name: 'InvalidClientTokenId', status: 403, message: INVALID_TOKEN },
  'expired-token': { name: 'ExpiredToken', status: 403, message: EXPIRED_TOKEN },
  'headers-not-signed': { name: 'SignatureDoesNotMatch', status: 403 },
  clock: { name: 'SignatureDoesNotMatch', status: 403 },
  'expired-url': { name: 'SignatureDoesNotMatch', status: 403 },
  'not-yet': { name: 'SignatureDoesNotMatch', status: 403 },
  mismatch: { name: 'SignatureDoesNotMatch', status: 403, message: MISMATCH },
}

const JSON_NAMES: Readonly<Record<string, string>> = {
  MissingAuthenticationToken: 'MissingAuthenticationTokenException',
  IncompleteSignature: 'IncompleteSignatureException',
  SignatureDoesNotMatch: 'InvalidSignatureException',
  InvalidClientTokenId: 'UnrecognizedClientException',
  ExpiredToken: 'ExpiredTokenException',
}

/** The refusal as that kind of service words it. `detail` is the message where AWS's own depends on the request. */
export function refusal(
  family: ServiceFamily,
  reason: RefusalReason,
  detail: string,
  members: Readonly<Record<string, unknown>> = {},
): ApiError {
  const wording = (family === 's3' ? S3 : QUERY)[reason]
  const isJson = family === 'json' || family === 'rest-json'
  return new ApiError(isJson ? (JSON_NAMES[wording.name] ?? wording.name) : wording.name, wording.message ?? detail, {
    // The JSON services answer 400 to bad credentials, all others 403.
    status: family === 'json' ? 400 : wording.status,
    members,
  })
}
