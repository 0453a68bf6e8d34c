import { findBucket } from '../bucket/find-bucket.ts'
import { operation } from '../context.ts'
import { checkKey } from '../object/object.ts'
import { refuseUnsupported } from '../object/refusals.ts'
import { objectTemplate } from '../object/template.ts'
import { newUploadId, type UploadRecord, uploadName } from './upload.ts'
import { uploadChecksum } from './upload-checksum.ts'

export const CreateMultipartUpload = operation('CreateMultipartUpload', async (input, ctx) => {
  const bucket = await findBucket(ctx, input)
  checkKey(input.Key)
  refuseUnsupported(input)
  const checksum = uploadChecksum(input)
  const initiated = ctx.now()
  const upload: UploadRecord = {
    id: newUploadId(initiated),
    bucket: input.Bucket,
    key: input.Key,
    initiated,
    initiator: ctx.caller.arn,
    template: objectTemplate(input, bucket.value),
    ...(checksum && { checksum }),
  }
  await ctx.uploads.insert(ctx.scope, uploadName(input.Bucket, upload.id), upload)
  return {
    Bucket: input.Bucket,
    Key: input.Key,
    UploadId: upload.id,
    ...upload.template.encryption,
    ...(checksum && { ChecksumAlgorithm: checksum.algorithm, ChecksumType: checksum.type }),
  }
})
