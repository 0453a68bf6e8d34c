import { operation } from '../context.ts'
import { findObject } from '../object/find-object.ts'
import { refuseVersion } from '../object/refusals.ts'

export const GetObjectTagging = operation('GetObjectTagging', async (input, ctx) => {
  refuseVersion(input.VersionId)
  return { TagSet: [...(await findObject(ctx, input)).value.tags] }
})
