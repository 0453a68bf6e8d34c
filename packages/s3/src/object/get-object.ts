import { operation } from '../context.ts'
import { checkRead } from './conditions.ts'
import { withObject } from './find-object.ts'
import { checksumHeaders, describeObject } from './object-headers.ts'
import { select } from './range.ts'
import { refuseCustomerKey, refuseVersion } from './refusals.ts'

export const GetObject = operation('GetObject', (input, ctx) => {
  refuseVersion(input.VersionId)
  refuseCustomerKey(input)
  return withObject(ctx, input, async (object) => {
    checkRead(input, object)
    const selection = select(object, input)
    return {
      ...describeObject(object, selection, input),
      ...checksumHeaders(object, selection, input.ChecksumMode),
      Body: await ctx.blobs.open(object.blob, selection.range),
    }
  })
})
