import { findBucket } from '../bucket/find-bucket.ts'
import { operation } from '../context.ts'
import { notImplemented } from '../request-errors.ts'
import { bodyAlgorithm, checksumMembers } from './checksum.ts'
import { checkWrite } from './conditions.ts'
import { checkKey, checkUploadSize, objectName } from './object.ts'
import { refuseUnsupported } from './refusals.ts'
import { storeObject } from './store-object.ts'
import { objectTemplate } from './template.ts'

export const PutObject = operation('PutObject', async (input, ctx) => {
  const bucket = await findBucket(ctx, input)
  checkKey(input.Key)
  checkUploadSize(input.ContentLength)
  refuseUnsupported(input)
  if (input.WriteOffsetBytes !== undefined) {
    throw notImplemented('Appending to an object', 'Leave out x-amz-write-offset-bytes.')
  }
  const template = objectTemplate(input, bucket.value)
  const algorithm = bodyAlgorithm(input, ctx.headers)
  if (input.IfMatch !== undefined || input.IfNoneMatch !== undefined) {
    // Before the body is read, so that nobody uploads in vain; the commit decides.
    const current = await ctx.objects.get(ctx.scope, objectName(input.Bucket, input.Key))
    checkWrite(input, input.Key, current?.value)
  }
  const target = { scope: ctx.scope, bucket: input.Bucket, key: input.Key, conditions: input }
  const object = await storeObject(ctx, target, template, input.Body, algorithm)
  return {
    ETag: `"${object.etag}"`,
    ...checksumMembers(object.checksum),
    ...(object.checksum && { ChecksumType: object.checksum.type }),
    ...object.encryption,
  }
})
