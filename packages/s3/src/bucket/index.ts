import { CreateBucket } from './create-bucket.ts'
import { DeleteBucket } from './delete-bucket.ts'
import { GetBucketLocation } from './get-bucket-location.ts'
import { HeadBucket } from './head-bucket.ts'
import { ListBuckets } from './list-buckets.ts'

export const bucketOperations = { CreateBucket, DeleteBucket, GetBucketLocation, HeadBucket, ListBuckets }
