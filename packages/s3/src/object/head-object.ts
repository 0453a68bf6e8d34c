import { operation } from '../context.ts'
import { checkRead } from './conditions.ts'
import { findObject } from './find-object.ts'
import { checksumHeaders, describeObject } from './object-headers.ts'
import { select } from './range.ts'
import { refuseCustomerKey, refuseVersion } from './refusals.ts'

export const HeadObject = operation('HeadObject', async (input, ctx) => {
  refuseVersion(input.VersionId)
  refuseCustomerKey(input)
  const object = (await findObject(ctx, input)).value
  checkRead(input, object)
  const selection = select(object, input)
  return {
    ...describeObject(object, selection, input),
    ...checksumHeaders(object, selection, input.ChecksumMode),
  }
})
