import type { Answer } from '../wire/protocol.ts'
import type { WireRequest } from '../wire/wire-request.ts'
import { element, XML_HEAD } from '../xml/encode-xml.ts'

/** A form's answer: a redirection where the form asks for one, else 204, 200 or 201 as it asks. */
export function formAnswer(
  fields: ReadonlyMap<string, string>,
  request: WireRequest,
  bucket: string,
  key: string,
  output: Readonly<Record<string, unknown>>,
): Answer {
  const etag = String(output.ETag ?? '')
  const path = key.split('/').map(encodeURIComponent).join('/')
  const location = `http://${request.headers.host ?? ''}/${bucket}/${path}`
  const headers: Record<string, string> = { ETag: etag, Location: location }
  const target = redirectTarget(fields.get('success_action_redirect') ?? fields.get('redirect'), bucket, key, etag)
  if (target !== undefined) return { status: 303, headers: { ...headers, Location: target }, body: '' }
  const status = fields.get('success_action_status')
  if (status === '200') return { status: 200, headers, body: '' }
  if (status !== '201') return { status: 204, headers, body: '' }
  const body =
    `${XML_HEAD}<PostResponse>${element('Location', location)}${element('Bucket', bucket)}` +
    `${element('Key', key)}${element('ETag', etag)}</PostResponse>`
  return { status: 201, headers: { ...headers, 'Content-Type': 'application/xml' }, body }
}

/** S3 passes over an address that is none. */
function redirectTarget(text: string | undefined, bucket: string, key: string, etag: string): string | undefined {
  if (text === undefined || !URL.canParse(text)) return undefined
  const url = new URL(text)
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return undefined
  url.searchParams.set('bucket', bucket)
  url.searchParams.set('key', key)
  url.searchParams.set('etag', etag)
  return url.href
}
