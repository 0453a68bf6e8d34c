export type { FsBlobs } from './fs-blobs.ts'
export { type BlobsOptions, openBlobs } from './open-blobs.ts'
