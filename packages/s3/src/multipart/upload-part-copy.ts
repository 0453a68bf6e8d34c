import type { BlobInfo, ByteRange } from '@sagebrush/core'
import { operation, type S3Context } from '../context.ts'
import { withCopySource } from '../copy/copy-source.ts'
import { type ChecksumAlgorithm, checksumMembers, digestsFor, fullObjectChecksum } from '../object/checksum.ts'
import { checkUploadSize, type ObjectRecord } from '../object/object.ts'
import { refuseCustomerKey } from '../object/refusals.ts'
import { md5Hex } from '../object/store-object.ts'
import { invalidArgument } from '../request-errors.ts'
import { findUpload } from './find-upload.ts'
import { commitPart } from './parts.ts'
import { checkPartNumber, type PartRecord } from './upload.ts'

export const UploadPartCopy = operation('UploadPartCopy', async (input, ctx) => {
  const upload = await findUpload(ctx, input)
  checkPartNumber(input.PartNumber)
  refuseCustomerKey(input)
  const algorithm = upload.value.checksum?.algorithm
  const part = await withCopySource(ctx, input, (source) => {
    const range = copyRange(input.CopySourceRange, source.sizeBytes)
    checkUploadSize(range ? range.end - range.start + 1 : source.sizeBytes)
    return ctx.hold.during(async () => {
      const copied: PartRecord = {
        upload: upload.name,
        number: input.PartNumber,
        modified: ctx.now(),
        ...(await copyBytes(ctx, source, range, algorithm)),
      }
      await commitPart(ctx, input.Bucket, input.UploadId, copied)
      return copied
    })
  })
  return {
    CopyPartResult: { ETag: `"${part.etag}"`, LastModified: part.modified, ...checksumMembers(part.checksum) },
    ...upload.value.template.encryption,
  }
})

type CopiedBytes = Pick<PartRecord, 'blob' | 'sizeBytes' | 'etag' | 'checksum'>

async function copyBytes(
  ctx: S3Context,
  source: ObjectRecord,
  range: ByteRange | undefined,
  algorithm: ChecksumAlgorithm | undefined,
): Promise<CopiedBytes> {
  // The ETag of an object that was uploaded whole is its MD5, which is all that a part needs to be known by.
  if (!range && !algorithm && !source.parts) {
    return { blob: await ctx.blobs.link(source.blob), sizeBytes: source.sizeBytes, etag: source.etag }
  }
  const digests = digestsFor(algorithm)
  const blob: BlobInfo = range
    ? await ctx.blobs.create(await ctx.blobs.open(source.blob, range), { digests })
    : await ctx.blobs.concat([source.blob], digests)
  const checksum = fullObjectChecksum(algorithm, blob.digests)
  return { blob: blob.id, sizeBytes: blob.sizeBytes, etag: md5Hex(blob.digests.md5), ...(checksum && { checksum }) }
}

/** Unlike `Range`, this one must name both ends, and both must be inside the source. */
function copyRange(header: string | undefined, sizeBytes: number): ByteRange | undefined {
  if (header === undefined) return undefined
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(header) ?? []
  if (first === undefined || last === undefined) {
    throw invalidArgument(
      'The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy',
      'x-amz-copy-source-range',
      header,
    )
  }
  const range = { start: Number(first), end: Number(last) }
  if (range.start > range.end || range.end >= sizeBytes) {
    throw invalidArgument(
      `Range specified is not valid for source object of size: ${sizeBytes}`,
      'x-amz-copy-source-range',
      header,
    )
  }
  return range
}
