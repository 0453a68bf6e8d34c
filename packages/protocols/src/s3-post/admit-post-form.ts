import { ApiError } from '@sagebrush/core'
import { BodyClaims } from '../body/claims.ts'
import { BodyTruncated } from '../body/read-whole.ts'
import type { Checksums, VerifiedBody } from '../body/verified-body.ts'
import type { Admission, Admitted } from '../gateway/admission.ts'
import { matchPath, parseTemplate } from '../rest/uri-template.ts'
import type { WireRequest } from '../wire/wire-request.ts'
import { formAnswer } from './form-answer.ts'
import { verifyForm } from './form-signature.ts'
import { readUploadForm } from './multipart-form.ts'
import { checkPolicy, parsePolicy, withinRange } from './policy.ts'
import { putHeaders } from './put-headers.ts'

/**
 * A browser's upload by form (S3's POST Object) as the PutObject that it amounts to: who asks is proved by the signed
 * policy, what is asked stands in the fields, the file is the body.
 */
export async function admitPostForm(admission: Admission): Promise<Admitted> {
  const { request, service, authenticator } = admission
  const operation = service.model.operations.PutObject
  const create = service.model.operations.CreateBucket
  if (!operation || !create) throw new Error('an S3 model without PutObject or CreateBucket')
  const now = admission.now()
  admission.proceed()
  const form = await readUploadForm(wire(request), request.headers['content-type'] ?? '')
  const { key, region, policy: encoded } = await verifyForm(form.fields, authenticator, now)
  admission.onIdentity({ key })
  const host = admission.hosts(request.headers.host)
  const bucket = matchPath(parseTemplate(create), host === undefined ? request.path : `/${host}${request.path}`)?.Bucket
  if (bucket === undefined) throw new ApiError('MethodNotAllowed', 'A form is posted to a bucket.', { status: 405 })
  const policy = parsePolicy(encoded)
  checkPolicy(policy, form.fields, bucket, now)
  const keyField = form.fields.get('key')
  if (!keyField) {
    throw new ApiError('InvalidArgument', "Bucket POST must contain a field named 'key'.", {
      members: { ArgumentName: 'key', ArgumentValue: '' },
    })
  }
  const objectKey = keyField.replace(/\$\{filename\}/g, () => form.fileName)
  const headers = putHeaders(form.fields)
  const routed = { operation, labels: { Bucket: bucket, Key: objectKey } }
  admission.onRouted(routed)
  return {
    request: { ...request, method: 'PUT', query: '', headers },
    identity: { key, claim: { region: region ?? admission.defaultRegion } },
    routed,
    body: new FormFile(withinRange(policy, form.content), new BodyClaims(headers, undefined, true)),
    answer: (_, output) => formAnswer(form.fields, request, bucket, objectKey, output),
  }
}

async function* wire(request: WireRequest): AsyncGenerator<Uint8Array, void> {
  try {
    for await (const part of request.message.iterator({ destroyOnReturn: false })) yield part
  } catch (cause) {
    throw new BodyTruncated('the client went away', { cause })
  }
}

class FormFile implements VerifiedBody {
  /** A form does not say how long its file is. */
  readonly sizeBytes = undefined
  readonly #content: AsyncIterable<Uint8Array>
  readonly #claims: BodyClaims
  #verified = false

  constructor(content: AsyncIterable<Uint8Array>, claims: BodyClaims) {
    this.#content = content
    this.#claims = claims
  }

  checksums(): Checksums {
    if (!this.#verified) throw new Error('the checksums of a body are known after its last byte')
    return this.#claims.verified()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void> {
    for await (const part of this.#content) {
      this.#claims.update(part)
      yield part
    }
    this.#claims.finish()
    this.#verified = true
  }
}
