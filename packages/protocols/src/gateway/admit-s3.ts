import { ApiError } from '@sagebrush/core'
import { collect } from '../body/collect.ts'
import { missingLength, openBody, type PayloadKind, payloadKind } from '../body/open-body.ts'
import { streamsInput } from '../rest/payload.ts'
import { admitPostForm } from '../s3-post/admit-post-form.ts'
import { isPostForm } from '../s3-post/is-post-form.ts'
import { ChunkSignatures } from '../sigv4/chunk-signatures.ts'
import type { SignatureClaim } from '../sigv4/claim.ts'
import { parseQuery } from '../wire/percent.ts'
import type { WireRequest } from '../wire/wire-request.ts'
import type { Admission, Admitted } from './admission.ts'

/**
 * S3 signs a statement about the body instead of the body, so that all but the body is decided first: who asks, for
 * which operation. Then the body is opened, streamed or whole, and reading it proves the statement.
 */
export async function admitS3(admission: Admission): Promise<Admitted> {
  const { claim, service, authenticator, request: original } = admission
  if (!claim && isPostForm(original)) return admitPostForm(admission)
  const identity = await authenticator.identify(original, claim, 's3')
  const request = effectiveRequest(original, identity.claim, admission.hosts(original.headers.host))
  const stated = request.headers['x-amz-content-sha256'] ?? defaultHash(identity.claim)
  const payload = payloadKind(stated)
  if (!payload) {
    throw new ApiError(
      'InvalidArgument',
      'x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a valid sha256 value.',
      { members: { ArgumentName: 'x-amz-content-sha256', ArgumentValue: stated } },
    )
  }
  authenticator.verify(original, identity, 's3', stated)
  admission.onIdentity(identity)
  const routed = service.protocol.route({ request, body: NOTHING })
  if (!routed) throw service.protocol.unknownOperation({ request, body: NOTHING })
  admission.onRouted(routed)
  const { operation } = routed
  const streams = streamsInput(service.model, operation)
  if (streams) requireLength(request, payload)
  const scope = `${identity.claim.date}/${identity.claim.region}/${identity.claim.service}/aws4_request`
  const body = openBody({
    headers: request.headers,
    message: original.message,
    payload,
    signatures:
      payload.kind === 'chunked' && payload.signed
        ? new ChunkSignatures(identity.signingKey, identity.claim.timestamp, scope, identity.claim.signature)
        : undefined,
    verifyChecksums: operation.httpChecksumRequired || operation.httpChecksum?.requestAlgorithmMember !== undefined,
    limitBytes: streams ? undefined : service.bodyLimitBytes,
    onStart: admission.proceed,
  })
  return { request, identity, routed, body: streams ? body : await collect(body) }
}

const NOTHING = new Uint8Array(0)

function defaultHash(claim: SignatureClaim): string {
  if (claim.kind === 'query') return 'UNSIGNED-PAYLOAD'
  throw new ApiError('InvalidRequest', 'Missing required header for this request: x-amz-content-sha256')
}

/**
 * The request as its operation reads it: the bucket of the host name in the path, the `x-amz-…` parameters of a
 * presigned URL among the headers (where signers put them to have the URL carry them), no `aws-chunked` encoding.
 */
function effectiveRequest(request: WireRequest, claim: SignatureClaim, bucket: string | undefined): WireRequest {
  const path = bucket === undefined ? request.path : `/${bucket}${request.path}`
  const encoding = request.headers['content-encoding']
  if (claim.kind === 'header' && encoding === undefined) return { ...request, path }
  const headers: Record<string, string> = Object.assign(Object.create(null), request.headers)
  if (claim.kind === 'query') {
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
