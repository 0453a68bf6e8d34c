import { operation } from '../context.ts'
import { refuseVersion } from '../object/refusals.ts'
import { setTags } from './set-tags.ts'

export const DeleteObjectTagging = operation('DeleteObjectTagging', async (input, ctx) => {
  refuseVersion(input.VersionId)
  await setTags(ctx, input, [])
  return {}
})
