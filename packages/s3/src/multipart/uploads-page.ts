import type { UploadRecord } from './upload.ts'

export interface UploadsQuery {
  readonly prefix: string
  readonly delimiter: string | undefined
  readonly keyMarker: string
  readonly uploadIdMarker: string
  readonly limit: number
}

export interface UploadsPage {
  readonly uploads: readonly UploadRecord[]
  readonly commonPrefixes: readonly string[]
  readonly next?: { readonly key: string; readonly uploadId: string }
}

/**
 * One page of a bucket's uploads, by key and then by age. Uploads under way are few (the store's own folding cannot
 * serve here: many may share a key), so all of them are looked at.
 */
export function pageOfUploads(all: readonly UploadRecord[], query: UploadsQuery): UploadsPage {
  const { prefix, delimiter, keyMarker, uploadIdMarker, limit } = query
  const uploads: UploadRecord[] = []
  const commonPrefixes: string[] = []
  let next: { key: string; uploadId: string } | undefined
  for (const upload of all.filter(({ key }) => key.startsWith(prefix)).sort(byKeyAndAge)) {
    const common = commonPrefixOf(upload.key, prefix, delimiter)
    if (common !== undefined && (common === commonPrefixes.at(-1) || common === keyMarker)) continue
    if (!isAfter(upload, keyMarker, uploadIdMarker)) continue
    if (uploads.length + commonPrefixes.length === limit) return { uploads, commonPrefixes, ...(next && { next }) }
    next = common === undefined ? { key: upload.key, uploadId: upload.id } : { key: common, uploadId: '' }
    if (common === undefined) uploads.push(upload)
    else commonPrefixes.push(common)
  }
  return { uploads, commonPrefixes }
}

function isAfter(upload: UploadRecord, keyMarker: string, uploadIdMarker: string): boolean {
  const order = Buffer.compare(Buffer.from(upload.key), Buffer.from(keyMarker))
  return order > 0 || (order === 0 && uploadIdMarker !== '' && upload.id > uploadIdMarker)
}

function byKeyAndAge(one: UploadRecord, other: UploadRecord): number {
  const order = Buffer.compare(Buffer.from(one.key), Buffer.from(other.key))
  return order || (one.id < other.id ? -1 : 1)
}

function commonPrefixOf(key: string, prefix: string, delimiter: string | undefined): string | undefined {
  if (!delimiter) return undefined
  const at = key.indexOf(delimiter, prefix.length)
  return at < 0 ? undefined : key.slice(0, at + delimiter.length)
}
