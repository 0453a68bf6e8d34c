import type { Initiator } from '@sagebrush/contract/s3'
import { findBucket } from '../bucket/find-bucket.ts'
import { operation } from '../context.ts'
import { keyWriter, pageSize } from '../listing/listing.ts'
import { ownerOf } from '../owner.ts'
import { rangeOf } from '../range-of.ts'
import type { UploadRecord } from './upload.ts'
import { pageOfUploads } from './uploads-page.ts'

export const ListMultipartUploads = operation('ListMultipartUploads', async (input, ctx) => {
  await findBucket(ctx, input)
  const limit = pageSize(input.MaxUploads, 'max-uploads')
  const write = keyWriter(input.EncodingType)
  const { Prefix: prefix = '', Delimiter: delimiter, KeyMarker: keyMarker = '' } = input
  // S3 heeds the upload's marker only beside a key's.
  const uploadIdMarker = keyMarker === '' ? '' : (input.UploadIdMarker ?? '')
  const uploads: UploadRecord[] = []
  for await (const rows of rangeOf(ctx.uploads, ctx.scope, `${input.Bucket}/`)) {
    for (const { value } of rows) uploads.push(value)
  }
  const page = pageOfUploads(uploads, { prefix, delimiter, keyMarker, uploadIdMarker, limit })
  return {
    Bucket: input.Bucket,
    KeyMarker: write(keyMarker),
    UploadIdMarker: uploadIdMarker,
    ...(page.next && { NextKeyMarker: write(page.next.key), NextUploadIdMarker: page.next.uploadId }),
    Prefix: write(prefix),
    ...(delimiter && { Delimiter: write(delimiter) }),
    MaxUploads: limit,
    IsTruncated: page.next !== undefined,
    ...(input.EncodingType && { EncodingType: input.EncodingType }),
    Uploads: page.uploads.map((upload) => ({
      UploadId: upload.id,
      Key: write(upload.key),
      Initiated: upload.initiated,
      StorageClass: upload.template.storageClass,
      Owner: ownerOf(ctx.scope),
      Initiator: initiatorOf(upload),
      ...(upload.checksum && { ChecksumAlgorithm: upload.checksum.algorithm, ChecksumType: upload.checksum.type }),
    })),
    CommonPrefixes: page.commonPrefixes.map((common) => ({ Prefix: write(common) })),
  }
})

export function initiatorOf(upload: UploadRecord): Initiator {
  return { ID: upload.initiator, DisplayName: upload.initiator.slice(upload.initiator.lastIndexOf('/') + 1) }
}
