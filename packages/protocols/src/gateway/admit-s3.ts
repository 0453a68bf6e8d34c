import { ApiError } from '@sagebrush/core'
import { collect } from '../body/collect.ts'
import { missingLength, openBody, type PayloadKind, payloadKind } from '../body/open-body.ts'
import { streamsInput } from '../rest/payload.ts'
import { admitPostForm } from '../s3-post/admit-post-form.ts'
import { isPostForm } from '../s3-post/is-post-form.ts'
import { readUrlClaim } from '../sigv2/url-claim.ts'
import { verifyUrl } from '../sigv2/verify-url.ts'
import type { Identity } from '../sigv4/authenticator.ts'
import { ChunkSignatures } from '../sigv4/chunk-signatures.ts'
import { refusal } from '../sigv4/refusals.ts'
import { isWellEscaped, parseQuery } from '../wire/percent.ts'
import type { WireRequest } from '../wire/wire-request.ts'
import type { Admission, Admitted } from './admission.ts'

/**
 * S3 signs a statement about the body instead of the body, so that all but the body is decided first: who asks, for
 * which operation. Then the body is opened, streamed or whole, and reading it proves the statement.
 */
export async function admitS3(admission: Admission): Promise<Admitted> {
  const { claim, service, authenticator, request: original } = admission
  // AWS does not even look who asks, and its answer has no body (versitygw issue 2070): ours says what it is about.
  if (!isWellEscaped(original.path)) {
    throw new ApiError('InvalidURI', "Couldn't parse the specified URI.", { members: { URI: original.path } })
  }
  if (!claim && isPostForm(original)) return admitPostForm(admission)
  const bucket = admission.hosts(original.headers.host)
  const old = !claim && readUrlClaim(original) !== undefined
  const identity = old ? undefined : await authenticator.identify(original, claim, 's3')
  const inUrl = identity?.claim.kind !== 'header'
  const request = effectiveRequest(original, inUrl, bucket)
  const stated = request.headers['x-amz-content-sha256'] ?? defaultHash(inUrl)
  const payload = payloadKind(stated)
  if (!payload) {
    throw new ApiError(
      'InvalidArgument',
      'x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a valid sha256 value.',
      { members: { ArgumentName: 'x-amz-content-sha256', ArgumentValue: stated } },
    )
  }
  if (identity) authenticator.verify(original, identity, 's3', stated)
  const key = identity?.key ?? (await verifyUrl(original, bucket, authenticator, admission.now()))
  admission.onIdentity({ key })
  const routed = service.protocol.route({ request, body: NOTHING })
  if (!routed) throw service.protocol.unknownOperation({ request, body: NOTHING })
  admission.onRouted(routed)
  const { operation } = routed
  const streams = streamsInput(service.model, operation)
  if (streams) requireLength(request, payload)
  const body = openBody({
    headers: request.headers,
    message: original.message,
    payload,
    signatures: payload.kind === 'chunked' && payload.signed ? chunkSignatures(identity) : undefined,
    verifyChecksums: operation.httpChecksumRequired || operation.httpChecksum?.requestAlgorithmMember !== undefined,
    requiresDigest: DIGEST_REQUIRED.has(operation.name),
    limitBytes: streams ? undefined : service.bodyLimitBytes,
    onStart: admission.proceed,
  })
  return {
    request,
    identity: { key, claim: { region: identity?.claim.region ?? admission.defaultRegion } },
    routed,
    body: streams ? body : await collect(body),
  }
}

/**
 * By S3's own answers (versitygw issues 1040, 1521). The model's requestChecksumRequired is about clients: it stands at
 * operations too that S3 takes without, such as PutObjectTagging (versitygw issue 1662) and PutBucketVersioning (minio
 * pull request 9852).
 */
const DIGEST_REQUIRED: ReadonlySet<string> = new Set(['DeleteObjects', 'PutBucketTagging'])

const NOTHING = new Uint8Array(0)

/** The signatures of chunks go on from that of the request, which the old kind of signature has none of. */
function chunkSignatures(identity: Identity | undefined): ChunkSignatures {
  if (!identity) throw refusal('s3', 'unsupported', 'Signed chunks need a request signed with AWS4-HMAC-SHA256.')
  const { date, region, service, timestamp, signature } = identity.claim
  return new ChunkSignatures(identity.signingKey, timestamp, `${date}/${region}/${service}/aws4_request`, signature)
}

function defaultHash(inUrl: boolean): string {
  if (inUrl) return 'UNSIGNED-PAYLOAD'
  throw new ApiError('InvalidRequest', 'Missing required header for this request: x-amz-content-sha256')
}

/**
 * The request as its operation reads it: the bucket of the host name in the path, the `x-amz-…` parameters of a
 * presigned URL among the headers (where signers put them to have the URL carry them), no `aws-chunked` encoding.
 */
function effectiveRequest(request: WireRequest, inUrl: boolean, bucket: string | undefined): WireRequest {
  const path = bucket === undefined ? request.path : `/${bucket}${request.path}`
  const encoding = request.headers['content-encoding']
  if (!inUrl && encoding === undefined) return { ...request, path }
  const headers: Record<string, string> = Object.assign(Object.create(null), request.headers)
  if (inUrl) {
    for (const [name, value] of parseQuery(request.query) ?? []) {
      const lower = name.toLowerCase()
      if (lower.startsWith('x-amz-') && !CHECKSUM.test(lower))
        headers[lower] ??= Buffer.from(value, 'utf8').toString('latin1')
    }
  }
  if (encoding !== undefined) {
    const others = encoding.split(',').filter((name) => name.trim() !== 'aws-chunked' && name.trim() !== '')
    if (others.length === 0) delete headers['content-encoding']
    else headers['content-encoding'] = others.map((name) => name.trim()).join(',')
  }
  return { ...request, path, headers }
}

/**
 * S3 passes over checksums in a URL: the JavaScript SDK presigns uploads with that of an empty body
 * (aws-sdk-js-v3 issue 4448, localstack issue 12169).
 */
const CHECKSUM = /^x-amz-(sdk-)?checksum-(?!mode$)/

/** S3 takes no upload of unknown length. */
function requireLength(request: WireRequest, payload: PayloadKind): void {
  if (payload.kind === 'chunked') return
  if (request.headers['content-length'] === undefined) throw missingLength()
}
