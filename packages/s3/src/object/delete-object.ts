import { findBucket } from '../bucket/find-bucket.ts'
import { operation } from '../context.ts'
import { checkKey } from './object.ts'
import { refuseVersion } from './refusals.ts'
import { removeObject } from './remove-object.ts'

export const DeleteObject = operation('DeleteObject', async (input, ctx) => {
  await findBucket(ctx, input)
  checkKey(input.Key)
  refuseVersion(input.VersionId)
  await removeObject(ctx, input.Bucket, input.Key, {
    etag: input.IfMatch,
    sizeBytes: input.IfMatchSize,
    modified: input.IfMatchLastModifiedTime,
  })
  return {}
})
