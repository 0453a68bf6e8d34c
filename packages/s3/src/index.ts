export type { S3Context, S3Log } from './context.ts'
export { openS3, type S3, type S3Config, type S3Options } from './open-s3.ts'
export { s3Operations } from './operations.ts'
