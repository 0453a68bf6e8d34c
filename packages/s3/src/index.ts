export type { S3Context, S3Log } from './context.ts'
export type { Collected } from './garbage/collect-garbage.ts'
export { openS3, type S3, type S3Config, type S3Options } from './open-s3.ts'
<<<<<<< HEAD
=======
export { s3Operations } from './operations.ts'
export type { PostAnswer, PostForm } from './post/post-object.ts'
>>>>>>> main
