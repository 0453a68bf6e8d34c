import { bucketOperations } from './bucket/index.ts'
import { listingOperations } from './listing/index.ts'
import { objectOperations } from './object/index.ts'

/** Every operation that S3 answers, by AWS's name. */
export const s3Operations = {
  ...bucketOperations,
  ...listingOperations,
  ...objectOperations,
}

export type S3OperationTable = typeof s3Operations
