import { operation } from '../context.ts'
import { bodyAlgorithm, checksumMembers, digestsFor, fullObjectChecksum } from '../object/checksum.ts'
import { checkUploadSize } from '../object/object.ts'
import { refuseCustomerKey } from '../object/refusals.ts'
import { md5Hex, noBytes } from '../object/store-object.ts'
import { findUpload } from './find-upload.ts'
import { commitPart } from './parts.ts'
import { checkPartNumber } from './upload.ts'
import { partAlgorithm } from './upload-checksum.ts'

export const UploadPart = operation('UploadPart', async (input, ctx) => {
  const upload = await findUpload(ctx, input)
  checkPartNumber(input.PartNumber)
  checkUploadSize(input.ContentLength)
  refuseCustomerKey(input)
  const algorithm = partAlgorithm(upload.value, bodyAlgorithm(input, ctx.headers))
  const blob = await ctx.blobs.create(input.Body ?? noBytes(), {
    digests: digestsFor(algorithm),
    check: ({ sizeBytes }) => checkUploadSize(sizeBytes),
  })
  const checksum = fullObjectChecksum(algorithm, blob.digests)
  const etag = md5Hex(blob.digests.md5)
  await commitPart(ctx, input.Bucket, input.UploadId, {
    upload: upload.name,
    number: input.PartNumber,
    blob: blob.id,
    sizeBytes: blob.sizeBytes,
    etag,
    modified: ctx.now(),
    ...(checksum && { checksum }),
  })
  const { BucketKeyEnabled, ...encryption } = upload.value.template.encryption
  return {
    ETag: `"${etag}"`,
    ...checksumMembers(checksum),
    ...encryption,
    ...(BucketKeyEnabled !== undefined && { BucketKeyEnabled }),
  }
})
