import { operation } from '../context.ts'
import { preconditionFailed } from '../object/conditions.ts'
import { findUpload } from './find-upload.ts'
import { removeUpload } from './parts.ts'
import { uploadName } from './upload.ts'

export const AbortMultipartUpload = operation('AbortMultipartUpload', (input, ctx) =>
  ctx.finishing.run(uploadName(input.Bucket, input.UploadId), async () => {
    const upload = await findUpload(ctx, input)
    const expected = input.IfMatchInitiatedTime?.getTime()
    if (expected !== undefined && Math.floor(upload.value.initiated.getTime() / 1000) !== Math.floor(expected / 1000)) {
      throw preconditionFailed('x-amz-if-match-initiated-time')
    }
    await removeUpload(ctx, ctx.scope, input.Bucket, input.UploadId)
    return {}
  }),
)
