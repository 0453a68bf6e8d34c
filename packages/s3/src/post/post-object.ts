import type { ServerSideEncryption, StorageClass } from '@sagebrush/contract/s3'
import { findBucket } from '../bucket/find-bucket.ts'
import type { S3Context } from '../context.ts'
import { parseAlgorithm } from '../object/checksum.ts'
import { checkKey, checkUploadSize } from '../object/object.ts'
import { refuseUnsupported } from '../object/refusals.ts'
import { storeObject } from '../object/store-object.ts'
import { objectTemplate, type TemplateRequest } from '../object/template.ts'
import { diskFullAsApiError, invalidArgument, notImplemented } from '../request-errors.ts'
import { checkPolicy, checkPolicySize, type FormFields, parsePolicy } from './policy.ts'

/** A browser's upload: `multipart/form-data` whose last field is the file. */
export interface PostForm {
  readonly bucket: string
  /** Without the file. The gateway has proved that the policy's signer is the caller. */
  readonly fields: FormFields
  readonly file: AsyncIterable<Uint8Array>
  /** As the browser told it; stands in for `${filename}` of the key. */
  readonly fileName: string
}

/** What a browser is answered: 200 and 204 without a body, 201 with one, 303 on to another page. */
export interface PostAnswer {
  readonly status: 200 | 201 | 204 | 303
  readonly etag: string
  /** Of the object; with 303 of the page to go to. */
  readonly location: string
  /** The members of a `PostResponse` element. */
  readonly body?: { readonly Location: string; readonly Bucket: string; readonly Key: string; readonly ETag: string }
}

/** S3's POST Object, which no API model has: an upload by a form that a policy bounds. */
export async function postObject(form: PostForm, ctx: S3Context): Promise<PostAnswer> {
  const { fields } = form
  const bucket = await findBucket(ctx, { Bucket: form.bucket })
  const policy = parsePolicy(required(fields, 'policy'))
  const key = required(fields, 'key').replace(/\$\{filename\}/g, () => form.fileName.replace(/^.*[\\/]/s, ''))
  checkPolicy(policy, fields, form.bucket, ctx.now())
  checkKey(key)
  refuseFields(fields)
  const target = { scope: ctx.scope, bucket: form.bucket, key, conditions: {} }
  const algorithm = parseAlgorithm(fields.get('x-amz-checksum-algorithm'))
  const object = await diskFullAsApiError(() =>
    storeObject(ctx, target, objectTemplate(templateRequest(fields), bucket.value), form.file, algorithm, (size) => {
      checkUploadSize(size)
      checkPolicySize(policy, size)
    }),
  )
  return answer(ctx, form, key, `"${object.etag}"`)
}

function refuseFields(fields: FormFields): void {
  const ACL = fields.get('acl')
  const customer = fields.get('x-amz-server-side-encryption-customer-algorithm')
  refuseUnsupported({
    ...(ACL !== undefined && { ACL }),
    ...(customer !== undefined && { SSECustomerAlgorithm: customer }),
  })
  if (fields.has('tagging')) throw notImplemented('Tagging by a form', 'Leave out the field "tagging".')
}

function templateRequest(fields: FormFields): TemplateRequest {
  const members: Record<string, string> = {}
  const metadata: Record<string, string> = {}
  for (const [name, value] of fields) {
    const member = TEMPLATE_FIELDS[name]
    if (member) members[member] = value
    else if (name.startsWith('x-amz-meta-')) metadata[name.slice('x-amz-meta-'.length)] = value
  }
  const { ServerSideEncryption: encryption, StorageClass: storage, ...headers } = members
  return {
    ...headers,
    Metadata: metadata,
    // Both are held to the known values where the template is made.
    ...(encryption !== undefined && { ServerSideEncryption: encryption as ServerSideEncryption }),
    ...(storage !== undefined && { StorageClass: storage as StorageClass }),
  }
}

const TEMPLATE_FIELDS: Readonly<Record<string, keyof TemplateRequest>> = {
  'cache-control': 'CacheControl',
  'content-disposition': 'ContentDisposition',
  'content-encoding': 'ContentEncoding',
  'content-language': 'ContentLanguage',
  'content-type': 'ContentType',
  expires: 'Expires',
  'x-amz-website-redirect-location': 'WebsiteRedirectLocation',
  'x-amz-server-side-encryption': 'ServerSideEncryption',
  'x-amz-server-side-encryption-aws-kms-key-id': 'SSEKMSKeyId',
  'x-amz-storage-class': 'StorageClass',
}

function answer(ctx: S3Context, form: PostForm, key: string, etag: string): PostAnswer {
  const path = key.split('/').map(encodeURIComponent).join('/')
  const location = `http://${ctx.headers.host ?? 'localhost'}/${form.bucket}/${path}`
  const redirect = redirectTo(form.fields.get('success_action_redirect') ?? form.fields.get('redirect'))
  if (redirect) {
    redirect.searchParams.set('bucket', form.bucket)
    redirect.searchParams.set('key', key)
    redirect.searchParams.set('etag', etag)
    return { status: 303, etag, location: redirect.href }
  }
  const asked = form.fields.get('success_action_status')
  if (asked === '200') return { status: 200, etag, location }
  if (asked !== '201') return { status: 204, etag, location }
  return { status: 201, etag, location, body: { Location: location, Bucket: form.bucket, Key: key, ETag: etag } }
}

/** S3 passes over what is no URL, as if it were not there. */
function redirectTo(text: string | undefined): URL | undefined {
  const url = text === undefined ? null : URL.parse(text)
  return url && /^https?:$/.test(url.protocol) ? url : undefined
}

function required(fields: FormFields, name: string): string {
  const value = fields.get(name)
  if (value !== undefined) return value
  throw invalidArgument(
    `Bucket POST must contain a field named '${name}'.  If it is specified, please check the order of the fields.`,
    name,
    '',
  )
}
