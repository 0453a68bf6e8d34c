import { changeBucket } from '../bucket/change-bucket.ts'
import { findBucket } from '../bucket/find-bucket.ts'
import { operation } from '../context.ts'
import { malformedXml } from '../request-errors.ts'

/** Every bucket encrypts with AES256 unless told otherwise, as AWS's buckets do since January 2023. */
const BY_DEFAULT = {
  Rules: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' as const }, BucketKeyEnabled: false }],
}

export const GetBucketEncryption = operation('GetBucketEncryption', async (input, ctx) => {
  const { encryption } = (await findBucket(ctx, input)).value
  return { ServerSideEncryptionConfiguration: encryption ?? BY_DEFAULT }
})

export const PutBucketEncryption = operation('PutBucketEncryption', async (input, ctx) => {
  const encryption = input.ServerSideEncryptionConfiguration
  if (encryption.Rules.length !== 1) throw malformedXml()
  await changeBucket(ctx, input, (bucket) => ({ ...bucket, encryption }))
  return {}
})

export const DeleteBucketEncryption = operation('DeleteBucketEncryption', async (input, ctx) => {
  await changeBucket(ctx, input, ({ encryption: _, ...bucket }) => bucket)
  return {}
})
