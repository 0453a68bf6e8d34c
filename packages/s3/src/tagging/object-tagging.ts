import type { Tag } from '@sagebrush/contract/s3'
import { operation, type S3Context } from '../context.ts'
import { findObject, type ObjectRequest } from '../object/find-object.ts'
import { objectName } from '../object/object.ts'
import { refuseVersion } from '../object/refusals.ts'
import { checkTags } from '../tags.ts'

export const GetObjectTagging = operation('GetObjectTagging', async (input, ctx) => {
  refuseVersion(input.VersionId)
  return { TagSet: [...(await findObject(ctx, input)).value.tags] }
})

export const PutObjectTagging = operation('PutObjectTagging', async (input, ctx) => {
  refuseVersion(input.VersionId)
  checkTags(input.Tagging.TagSet, 10)
  await setTags(ctx, input, input.Tagging.TagSet)
  return {}
})

export const DeleteObjectTagging = operation('DeleteObjectTagging', async (input, ctx) => {
  refuseVersion(input.VersionId)
  await setTags(ctx, input, [])
  return {}
})

/** Tags are no part of the object: its ETag and date stay. */
async function setTags(ctx: S3Context, input: ObjectRequest, tags: readonly Tag[]): Promise<void> {
  const name = objectName(input.Bucket, input.Key)
  for (;;) {
    const row = await findObject(ctx, input)
    if (await ctx.objects.update(ctx.scope, name, row.version, { ...row.value, tags })) return
  }
}
