import { changeBucket } from '../bucket/change-bucket.ts'
import { operation } from '../context.ts'
import { malformedXml } from '../request-errors.ts'

export const PutBucketEncryption = operation('PutBucketEncryption', async (input, ctx) => {
  const encryption = input.ServerSideEncryptionConfiguration
  if (encryption.Rules.length !== 1) throw malformedXml()
  await changeBucket(ctx, input, (bucket) => ({ ...bucket, encryption }))
  return {}
})
