import type { S3Context } from '../context.ts'
import { removeBlob } from './commit-object.ts'
import { checkWrite, preconditionFailed } from './conditions.ts'
import { objectName } from './object.ts'

/** What the object must be to be deleted; a member that is undefined is not asked. */
export interface DeleteConditions {
  readonly etag?: string | undefined
  readonly sizeBytes?: number | undefined
  readonly modified?: Date | undefined
}

/** Deletes an object and then its bytes. One that is not there is no error, unless a condition says it should be. */
export async function removeObject(
  ctx: S3Context,
  bucket: string,
  key: string,
  conditions: DeleteConditions,
): Promise<void> {
  const name = objectName(bucket, key)
  const { etag, sizeBytes, modified } = conditions
  const conditional = etag !== undefined || sizeBytes !== undefined || modified !== undefined
  for (;;) {
    const current = conditional ? await ctx.objects.get(ctx.scope, name) : undefined
    if (conditional) {
      checkWrite(etag === undefined ? {} : { IfMatch: etag }, key, current?.value)
      if (!current) return
      if (sizeBytes !== undefined && sizeBytes !== current.value.sizeBytes)
        throw preconditionFailed('x-amz-if-match-size')
      if (modified !== undefined && modified.getTime() !== current.value.modified.getTime()) {
        throw preconditionFailed('x-amz-if-match-last-modified-time')
      }
    }
    const removed = await ctx.objects.remove(ctx.scope, name, current?.version)
    if (removed) return removeBlob(ctx, removed.value.blob)
    if (!conditional) return
  }
}
