import { operation } from '../context.ts'
import { refuseVersion } from '../object/refusals.ts'
import { checkTags } from '../tags.ts'
import { setTags } from './set-tags.ts'

export const PutObjectTagging = operation('PutObjectTagging', async (input, ctx) => {
  refuseVersion(input.VersionId)
  checkTags(input.Tagging.TagSet, 10)
  await setTags(ctx, input, input.Tagging.TagSet)
  return {}
})
