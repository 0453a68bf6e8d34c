import type { Blobs, ObjectReader, Objects, RequestContext, Store } from '@sagebrush/core'
import { type S3Context, type S3Log, type S3Ports, s3Scope } from './context.ts'
import { BlobHold } from './garbage/blob-hold.ts'
import { type Collected, collectGarbage } from './garbage/collect-garbage.ts'
import { OneAtATime } from './one-at-a-time.ts'
import { type S3OperationTable, s3Operations } from './operations.ts'
import { openObjectReader } from './staging/object-reader.ts'
import { openObjects } from './staging/objects.ts'

const ONE_DAY_MS = 24 * 60 * 60 * 1000

export interface S3Config {
  /** True where a job's output may make the bucket that it names (`auto` mode); false where it must be there. */
  readonly makeBuckets: boolean
  /** Blobs younger than this are never garbage; default one day. */
  readonly garbageAgeMs?: number
}

export interface S3Options {
  readonly store: Store
  /** S3's alone: garbage collection removes what no object and no part names. */
  readonly blobs: Blobs
  readonly clock: () => Date
  readonly config: S3Config
  readonly log: S3Log
}

export interface S3 {
  readonly operations: S3OperationTable
  context(request: RequestContext): S3Context
  readonly objects: Objects
  readonly reader: ObjectReader
  /** Removes what crashes left behind; safe while requests are answered. */
  collectGarbage(): Promise<Collected>
}

/** Opens S3 on a store and its blobs. */
export function openS3(options: S3Options): S3 {
  const ports: S3Ports = {
    buckets: options.store.collection({ name: 's3_buckets', index: {} }),
    objects: options.store.collection({ name: 's3_objects', index: {} }),
    uploads: options.store.collection({ name: 's3_uploads', index: {} }),
    parts: options.store.collection({ name: 's3_parts', index: {} }),
    blobs: options.blobs,
    hold: new BlobHold(),
    finishing: new OneAtATime(),
    log: options.log,
    now: options.clock,
  }
  return {
    operations: s3Operations,
    context: (request) => contextOf(ports, request),
    objects: openObjects(ports, options.config),
    reader: openObjectReader(ports),
    collectGarbage: () => collectGarbage(ports, options.config.garbageAgeMs ?? ONE_DAY_MS),
  }
}

function contextOf(ports: S3Ports, request: RequestContext): S3Context {
  const { caller, requestId, waiter, headers } = request
  return {
    ...ports,
    caller,
    requestId,
    waiter,
    headers,
    scope: s3Scope(caller.account),
    // Not read here: the gateway makes the signal when somebody asks for it.
    get signal() {
      return request.signal
    },
  }
}
