export { type BlobsOptions, openBlobs } from './open-blobs.ts'
