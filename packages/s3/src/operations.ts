import { bucketOperations } from './bucket/index.ts'
import { configurationOperations } from './configuration/index.ts'
import { copyOperations } from './copy/index.ts'
import { listingOperations } from './listing/index.ts'
import { multipartOperations } from './multipart/index.ts'
import { objectOperations } from './object/index.ts'
import { taggingOperations } from './tagging/index.ts'

/** Every operation that S3 answers, by AWS's name. */
export const s3Operations = {
  ...bucketOperations,
  ...configurationOperations,
  ...copyOperations,
  ...listingOperations,
  ...multipartOperations,
  ...objectOperations,
  ...taggingOperations,
}

export type S3OperationTable = typeof s3Operations
