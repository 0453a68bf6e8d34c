export type { S3Context, S3Log } from './context.ts'
export type { Collected } from './garbage/collect-garbage.ts'
export { openS3, type S3, type S3Config, type S3Options } from './open-s3.ts'
export { s3Operations } from './operations.ts'
