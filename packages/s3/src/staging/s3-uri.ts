import { StagingError } from '@sagebrush/core'

export interface S3Location {
  readonly bucket: string
  /** A key or a key name prefix; may be empty. */
  readonly key: string
}

/** The parts of `s3://bucket/key`, nothing decoded; throws StagingError for another text. */
export function parseS3Uri(uri: string): S3Location {
  const [, bucket, key = ''] = /^s3:\/\/([^/]+)(?:\/([\s\S]*))?$/.exec(uri) ?? []
  if (bucket === undefined) throw new StagingError(`"${uri}" is no S3 URI. Write it as s3://bucket/key.`)
  return { bucket, key }
}

/** An object's URI, for messages. */
export function s3Uri(bucket: string, key: string): string {
  return `s3://${bucket}/${key}`
}
