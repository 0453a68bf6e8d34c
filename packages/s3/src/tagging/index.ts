import { DeleteBucketTagging } from './delete-bucket-tagging.ts'
import { DeleteObjectTagging } from './delete-object-tagging.ts'
import { GetBucketTagging } from './get-bucket-tagging.ts'
import { GetObjectTagging } from './get-object-tagging.ts'
import { PutBucketTagging } from './put-bucket-tagging.ts'
import { PutObjectTagging } from './put-object-tagging.ts'

export const taggingOperations = {
  DeleteBucketTagging,
  DeleteObjectTagging,
  GetBucketTagging,
  GetObjectTagging,
  PutBucketTagging,
  PutObjectTagging,
}
