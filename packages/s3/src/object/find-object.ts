import { BlobMissing, type Row } from '@sagebrush/core'
import { findBucket } from '../bucket/find-bucket.ts'
import type { S3Context } from '../context.ts'
import { noSuchKey, type ObjectRecord, objectName } from './object.ts'

export interface ObjectRequest {
  readonly Bucket: string
  readonly Key: string
  readonly ExpectedBucketOwner?: string
}

/** The caller's object; throws NoSuchBucket, NoSuchKey or AccessDenied. */
export async function findObject(ctx: S3Context, input: ObjectRequest): Promise<Row<ObjectRecord>> {
  const [row] = await Promise.all([
    ctx.objects.get(ctx.scope, objectName(input.Bucket, input.Key)),
    findBucket(ctx, input),
  ])
  if (!row) throw noSuchKey(input.Key)
  return row
}

/**
 * Calls `use` with the object as it is now, and again where its blob was removed before `use` could open it: the
 * object was overwritten or deleted in between, and its row says which.
 */
export async function withObject<T>(
  ctx: S3Context,
  input: ObjectRequest,
  use: (object: ObjectRecord) => Promise<T>,
): Promise<T> {
  let object = (await findObject(ctx, input)).value
  for (;;) {
    try {
      return await use(object)
    } catch (error) {
      if (!(error instanceof BlobMissing)) throw error
      const again = (await findObject(ctx, input)).value
      // The same row without its bytes is damage, not a race.
      if (again.blob === object.blob) throw error
      object = again
    }
  }
}
