import type { Tag } from '@sagebrush/contract/s3'
import type { S3Context } from '../context.ts'
import { findObject, type ObjectRequest } from '../object/find-object.ts'
import { objectName } from '../object/object.ts'

/** Gives an object other tags. They are no part of it: its ETag and date stay. */
export async function setTags(ctx: S3Context, input: ObjectRequest, tags: readonly Tag[]): Promise<void> {
  const name = objectName(input.Bucket, input.Key)
  for (;;) {
    const row = await findObject(ctx, input)
    if (await ctx.objects.update(ctx.scope, name, row.version, { ...row.value, tags })) return
  }
}
