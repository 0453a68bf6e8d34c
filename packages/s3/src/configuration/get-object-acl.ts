import { operation } from '../context.ts'
import { findObject } from '../object/find-object.ts'
import { refuseVersion } from '../object/refusals.ts'
import { ownersAcl } from './acl.ts'

export const GetObjectAcl = operation('GetObjectAcl', async (input, ctx) => {
  refuseVersion(input.VersionId)
  await findObject(ctx, input)
  return ownersAcl(ctx)
})
