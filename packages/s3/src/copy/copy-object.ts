import type { CopyObjectRequest } from '@sagebrush/contract/s3'
import type { BucketRecord } from '../bucket/bucket.ts'
import { findBucket } from '../bucket/find-bucket.ts'
import { operation, type S3Context } from '../context.ts'
import {
  type ChecksumAlgorithm,
  checksumMembers,
  digestsFor,
  fullObjectChecksum,
  parseAlgorithm,
  type StoredChecksum,
} from '../object/checksum.ts'
import { commitObject } from '../object/commit-object.ts'
import { checkKey, MAX_SINGLE_UPLOAD_BYTES, type ObjectRecord, wholeSeconds } from '../object/object.ts'
import { refuseUnsupported } from '../object/refusals.ts'
import { encryption, objectTemplate, storageClass } from '../object/template.ts'
import { invalidArgument, invalidRequest } from '../request-errors.ts'
import { parseTagging } from '../tags.ts'
import { type CopySource, withCopySource } from './copy-source.ts'

/**
 * A copy is a second name for the same bytes. So it keeps the source's ETag, also the `…-N` of an object that was
 * uploaded in parts, for which S3 would read all bytes and give their MD5.
 */
export const CopyObject = operation('CopyObject', async (input, ctx) => {
  const bucket = await findBucket(ctx, input)
  checkKey(input.Key)
  refuseUnsupported(input)
  checkDirective('x-amz-metadata-directive', input.MetadataDirective)
  checkDirective('x-amz-tagging-directive', input.TaggingDirective)
  const algorithm = parseAlgorithm(input.ChecksumAlgorithm)
  const copied = await withCopySource(ctx, input, (source, from) => {
    if (source.sizeBytes > MAX_SINGLE_UPLOAD_BYTES) {
      throw invalidRequest(
        `The specified copy source is larger than the maximum allowable size for a copy source: ${MAX_SINGLE_UPLOAD_BYTES}`,
      )
    }
    refuseNoChange(input, from)
    return ctx.hold.during(async () => {
      const { blob, checksum } = await copyBytes(ctx, source, algorithm)
      const { checksum: _, upload: __, ...kept } = source
      const object: ObjectRecord = {
        ...kept,
        ...templateOf(input, bucket.value, source),
        blob,
        modified: wholeSeconds(ctx.now()),
        ...(checksum && { checksum }),
      }
      const target = { scope: ctx.scope, bucket: input.Bucket, key: input.Key, conditions: input }
      await commitObject(ctx, target, object)
      return object
    })
  })
  return {
    CopyObjectResult: {
      ETag: `"${copied.etag}"`,
      LastModified: copied.modified,
      ...checksumMembers(copied.checksum),
      ...(copied.checksum && { ChecksumType: copied.checksum.type }),
    },
    ...copied.encryption,
  }
})

async function copyBytes(
  ctx: S3Context,
  source: ObjectRecord,
  algorithm: ChecksumAlgorithm | undefined,
): Promise<{ blob: string; checksum?: StoredChecksum | undefined }> {
  if (!algorithm || algorithm === source.checksum?.algorithm) {
    return { blob: await ctx.blobs.link(source.blob), checksum: source.checksum }
  }
  // Another checksum is asked for than is known: the bytes are read to make it.
  const { id, digests } = await ctx.blobs.concat([source.blob], digestsFor(algorithm))
  return { blob: id, checksum: fullObjectChecksum(algorithm, digests) }
}

function templateOf(input: CopyObjectRequest, bucket: BucketRecord, source: ObjectRecord) {
  const replaces = input.MetadataDirective === 'REPLACE'
  const { Tagging: _, ...untagged } = input
  const { headers, metadata } = replaces ? objectTemplate(untagged, bucket) : source
  const redirect = input.WebsiteRedirectLocation
  // S3 carries neither the redirect, nor the class, nor the encryption over from the source.
  const { WebsiteRedirectLocation: __, ...carried } = headers
  return {
    headers: { ...carried, ...(redirect !== undefined && { WebsiteRedirectLocation: redirect }) },
    metadata,
    tags: input.TaggingDirective === 'REPLACE' ? parseTagging(input.Tagging) : source.tags,
    storageClass: storageClass(input.StorageClass),
    encryption: encryption(input, bucket),
  }
}

function refuseNoChange(input: CopyObjectRequest, from: CopySource): void {
  if (from.bucket !== input.Bucket || from.key !== input.Key) return
  const changes = input.StorageClass ?? input.WebsiteRedirectLocation ?? input.ServerSideEncryption
  if (changes !== undefined || input.MetadataDirective === 'REPLACE' || input.TaggingDirective === 'REPLACE') return
  throw invalidRequest(
    "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.",
  )
}

function checkDirective(header: string, directive: string | undefined): void {
  if (directive === undefined || directive === 'COPY' || directive === 'REPLACE') return
  throw invalidArgument(`Unknown ${header.includes('tagging') ? 'tagging' : 'metadata'} directive.`, header, directive)
}
