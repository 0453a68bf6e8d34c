import { findBucket } from '../bucket/find-bucket.ts'
import { operation } from '../context.ts'
import { DEFAULT_ENCRYPTION } from './default-encryption.ts'

export const GetBucketEncryption = operation('GetBucketEncryption', async (input, ctx) => {
  const { encryption } = (await findBucket(ctx, input)).value
  return { ServerSideEncryptionConfiguration: encryption ?? DEFAULT_ENCRYPTION }
})
