import { decodeXmlTags } from './tags.ts'

/** Fields that say the same as a header of PutObject. */
const HEADERS = new Set([
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-md5',
  'content-type',
  'expires',
])

/** Fields of the signature, of no use to the operation. */
const SIGNATURE = new Set([
  'x-amz-algorithm',
  'x-amz-credential',
  'x-amz-date',
  'x-amz-signature',
  'x-amz-security-token',
])

/** The headers that a PUT with a form's fields would have, values as header bytes. */
export function putHeaders(fields: ReadonlyMap<string, string>): Record<string, string> {
  const headers: Record<string, string> = Object.create(null)
  for (const [name, value] of fields) {
    const header =
      name === 'acl'
        ? 'x-amz-acl'
        : HEADERS.has(name) || (name.startsWith('x-amz-') && !SIGNATURE.has(name))
          ? name
          : ''
    if (header !== '') headers[header] = Buffer.from(value, 'utf8').toString('latin1')
  }
  const tagging = fields.get('tagging')
  if (tagging !== undefined) headers['x-amz-tagging'] = decodeXmlTags(tagging)
  return headers
}
