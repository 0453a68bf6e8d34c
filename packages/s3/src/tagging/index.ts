import { DeleteBucketTagging, GetBucketTagging, PutBucketTagging } from './bucket-tagging.ts'
import { DeleteObjectTagging, GetObjectTagging, PutObjectTagging } from './object-tagging.ts'

export const taggingOperations = {
  DeleteBucketTagging,
  DeleteObjectTagging,
  GetBucketTagging,
  GetObjectTagging,
  PutBucketTagging,
  PutObjectTagging,
}
