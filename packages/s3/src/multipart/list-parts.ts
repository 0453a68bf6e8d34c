import { operation } from '../context.ts'
import { pageSize } from '../listing/listing.ts'
import { checksumMembers } from '../object/checksum.ts'
import { refuseCustomerKey } from '../object/refusals.ts'
import { ownerOf } from '../owner.ts'
import { findUpload } from './find-upload.ts'
import { initiatorOf } from './list-multipart-uploads.ts'
import { partName } from './upload.ts'

export const ListParts = operation('ListParts', async (input, ctx) => {
  const upload = (await findUpload(ctx, input)).value
  refuseCustomerKey(input)
  const maxParts = pageSize(input.MaxParts, 'max-parts')
  const marker = Math.max(0, Number(input.PartNumberMarker ?? 0))
  const range =
    maxParts === 0
      ? { entries: [], truncated: false }
      : await ctx.parts.range(ctx.scope, {
          prefix: `${upload.id}/`,
          after: partName(upload.id, marker),
          limit: maxParts,
        })
  const parts = range.entries.flatMap((entry) => ('row' in entry ? [entry.row.value] : []))
  return {
    Bucket: input.Bucket,
    Key: input.Key,
    UploadId: upload.id,
    PartNumberMarker: marker,
    NextPartNumberMarker: parts.at(-1)?.number ?? 0,
    MaxParts: maxParts,
    IsTruncated: range.truncated,
    Parts: parts.map((part) => ({
      PartNumber: part.number,
      LastModified: part.modified,
      ETag: `"${part.etag}"`,
      Size: part.sizeBytes,
      ...checksumMembers(part.checksum),
    })),
    Initiator: initiatorOf(upload),
    Owner: ownerOf(ctx.scope),
    StorageClass: upload.template.storageClass,
    ...(upload.checksum && { ChecksumAlgorithm: upload.checksum.algorithm, ChecksumType: upload.checksum.type }),
  }
})
