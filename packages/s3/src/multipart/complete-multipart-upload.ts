import { createHash } from 'node:crypto'
import type { CompleteMultipartUploadOutput, CompleteMultipartUploadRequest } from '@sagebrush/contract/s3'
import { BlobMissing } from '@sagebrush/core'
import { findBucket } from '../bucket/find-bucket.ts'
import { operation, type S3Context } from '../context.ts'
import { checksumMembers, digestsFor, fullObjectChecksum, type StoredChecksum } from '../object/checksum.ts'
import { commitObject } from '../object/commit-object.ts'
import { checkWrite } from '../object/conditions.ts'
import { type ObjectRecord, objectName, wholeSeconds } from '../object/object.ts'
import { refuseCustomerKey } from '../object/refusals.ts'
import { invalidRequest } from '../request-errors.ts'
import { findUpload } from './find-upload.ts'
import { loadParts, removeUpload } from './parts.ts'
import { chooseParts, type PartRecord, type UploadRecord, uploadName } from './upload.ts'
import { checkObjectChecksum, compositeChecksum } from './upload-checksum.ts'

/**
 * Makes the object of the parts. A client that lost the answer sends this again: it waits for the first to end, and
 * as long as the object stands it is answered the same.
 */
export const CompleteMultipartUpload = operation('CompleteMultipartUpload', async (input, ctx) => {
  await findBucket(ctx, input)
  refuseCustomerKey(input)
  return ctx.finishing.run(uploadName(input.Bucket, input.UploadId), async () => {
    const name = objectName(input.Bucket, input.Key)
    const current = await ctx.objects.get(ctx.scope, name)
    if (current?.value.upload === input.UploadId) {
      await removeUpload(ctx, ctx.scope, input.Bucket, input.UploadId)
      return answer(ctx, input, current.value)
    }
    const upload = await findUpload(ctx, input)
    checkWrite(input, input.Key, current?.value)
    const object = await ctx.hold.during(() => complete(ctx, input, upload.value))
    await removeUpload(ctx, ctx.scope, input.Bucket, input.UploadId)
    return answer(ctx, input, object)
  })
})

async function complete(
  ctx: S3Context,
  input: CompleteMultipartUploadRequest,
  upload: UploadRecord,
): Promise<ObjectRecord> {
  let tried: readonly PartRecord[] = []
  for (;;) {
    const parts = chooseParts(upload, input.MultipartUpload?.Parts ?? [], await loadParts(ctx, upload.id))
    checkSize(parts, input.MpuObjectSize)
    try {
      return await store(ctx, input, upload, parts)
    } catch (error) {
      // A part was uploaded again while its bytes were read; where its ETag changed, the next round refuses it.
      const changed = parts.some((part, index) => part.blob !== tried[index]?.blob)
      if (!(error instanceof BlobMissing) || !changed) throw error
      tried = parts
    }
  }
}

async function store(
  ctx: S3Context,
  input: CompleteMultipartUploadRequest,
  upload: UploadRecord,
  parts: readonly PartRecord[],
): Promise<ObjectRecord> {
  const wanted = upload.checksum
  const composite = wanted?.type === 'COMPOSITE' ? compositeChecksum(wanted.algorithm, parts) : undefined
  if (composite) checkObjectChecksum(input, composite)
  const { blob, checksum } = await joinParts(ctx, parts, wanted?.type === 'FULL_OBJECT' ? wanted.algorithm : undefined)
  const kept = composite ?? checksum
  try {
    checkObjectChecksum(input, kept)
  } catch (error) {
    await ctx.blobs.remove(blob)
    throw error
  }
  const object: ObjectRecord = {
    ...upload.template,
    blob,
    sizeBytes: parts.reduce((sum, part) => sum + part.sizeBytes, 0),
    etag: etagOf(parts),
    modified: wholeSeconds(ctx.now()),
    parts: parts.map(({ number, sizeBytes, checksum }) => ({ number, sizeBytes, ...(checksum && { checksum }) })),
    upload: upload.id,
    ...(kept && { checksum: kept }),
  }
  const target = { scope: ctx.scope, bucket: input.Bucket, key: input.Key, conditions: input }
  await commitObject(ctx, target, object)
  return object
}

/** One blob of all parts, so that an object stays one file that engines can link. */
async function joinParts(
  ctx: S3Context,
  parts: readonly PartRecord[],
  algorithm: Parameters<typeof digestsFor>[0],
): Promise<{ blob: string; checksum: StoredChecksum | undefined }> {
  const [first, second] = parts
  if (first && !second && (!algorithm || first.checksum?.algorithm === algorithm)) {
    return { blob: await ctx.blobs.link(first.blob), checksum: algorithm && first.checksum }
  }
  const ids = parts.map(({ blob }) => blob)
  const { id, digests } = await ctx.blobs.concat(ids, algorithm ? digestsFor(algorithm) : [])
  return { blob: id, checksum: fullObjectChecksum(algorithm, digests) }
}

function etagOf(parts: readonly PartRecord[]): string {
  const md5 = createHash('md5')
  for (const { etag } of parts) md5.update(Buffer.from(etag, 'hex'))
  return `${md5.digest('hex')}-${parts.length}`
}

function checkSize(parts: readonly PartRecord[], expected: number | undefined): void {
  const sizeBytes = parts.reduce((sum, part) => sum + part.sizeBytes, 0)
  if (expected === undefined || expected === sizeBytes) return
  throw invalidRequest(
    `The provided 'x-amz-mp-object-size' header value ${expected} does not match what was computed: ${sizeBytes}`,
  )
}

function answer(
  ctx: S3Context,
  input: CompleteMultipartUploadRequest,
  object: ObjectRecord,
): CompleteMultipartUploadOutput {
  const path = input.Key.split('/').map(encodeURIComponent).join('/')
  return {
    Location: `http://${ctx.headers.host ?? 'localhost'}/${input.Bucket}/${path}`,
    Bucket: input.Bucket,
    Key: input.Key,
    ETag: `"${object.etag}"`,
    ...checksumMembers(object.checksum),
    ...(object.checksum && { ChecksumType: object.checksum.type }),
    ...object.encryption,
  }
}
