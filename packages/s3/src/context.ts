import type { S3Operations } from '@sagebrush/contract/s3'
import { type Blobs, type Collection, operationsOf, type RequestContext, type Scope } from '@sagebrush/core'
import type { BucketRecord } from './bucket/bucket.ts'
import type { BlobHold } from './garbage/blob-hold.ts'
import type { PartRecord, UploadRecord } from './multipart/upload.ts'
import type { ObjectRecord } from './object/object.ts'
import type { OneAtATime } from './one-at-a-time.ts'
import { diskFullAsApiError } from './request-errors.ts'

/** Where S3 writes down what no caller is told. */
export interface S3Log {
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void
}

/** The collections and bytes behind S3, shared by all requests. */
export interface S3Ports {
  /** Rows by bucket name. */
  readonly buckets: Collection<BucketRecord>
  /** Rows by `bucket/key`. */
  readonly objects: Collection<ObjectRecord>
  /** Rows by `bucket/upload id`. */
  readonly uploads: Collection<UploadRecord>
  /** Rows by `upload id/part number` in five digits. */
  readonly parts: Collection<PartRecord>
  readonly blobs: Blobs
  /** Keeps garbage collection off blobs that are about to be referenced. */
  readonly hold: BlobHold
  /** Of uploads that are being completed or aborted, by row. */
  readonly finishing: OneAtATime
  readonly log: S3Log
  readonly now: () => Date
}

/** What an S3 operation may reach. */
export interface S3Context extends RequestContext, S3Ports {
  /** Of all rows: S3's names are global within an account, so the region is always `aws-global`. */
  readonly scope: Scope
}

/** The scope of all S3 rows of an account. */
export function s3Scope(account: string): Scope {
  return { account, region: 'aws-global' }
}

const plainOperation = operationsOf<S3Operations, S3Context>()

/** Makes an operation of S3, where a full disk is an answer for the client. */
export const operation: typeof plainOperation = (name, handle) =>
  plainOperation(name, (input, ctx) => diskFullAsApiError(async () => handle(input, ctx)))
