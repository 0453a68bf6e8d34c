import type { Scope } from '../caller.ts'
import type { ObjectSource } from './engine.ts'

/** What services ask of S3 for their jobs' inputs and outputs. */
export interface Objects {
  /** True where the prefix holds an object, or the object or manifest is there. Throws `StagingError` for a bad URI or a missing bucket. */
  has(scope: Scope, source: ObjectSource): Promise<boolean>
  /** Of an object, without quotes; undefined where there is none. Throws `StagingError` as `has` does. */
  etag(scope: Scope, uri: string): Promise<string | undefined>
  /** Stores a finished file of this machine as `s3://bucket/key`, taking the file over; makes the bucket where `auto` mode may. */
  putFile(scope: Scope, uri: string, file: string, contentType: string): Promise<void>
}
