import { CreateBucket } from './create-bucket.ts'
import { HeadBucket } from './head-bucket.ts'

export const bucketOperations = { CreateBucket, HeadBucket }
