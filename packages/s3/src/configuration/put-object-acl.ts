import { operation } from '../context.ts'
import { findObject } from '../object/find-object.ts'
import { aclsAreOff } from './acl.ts'

export const PutObjectAcl = operation('PutObjectAcl', async (input, ctx) => {
  await findObject(ctx, input)
  throw aclsAreOff()
})
