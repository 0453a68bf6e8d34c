/** Every bucket encrypts with AES256 unless told otherwise, as AWS's buckets do since January 2023. */
export const DEFAULT_ENCRYPTION = {
  Rules: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' as const }, BucketKeyEnabled: false }],
}
