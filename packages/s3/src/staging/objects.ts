import { rm } from 'node:fs/promises'
import { type Objects, type Scope, StagingError } from '@sagebrush/core'
import { bucketRegion, checkBucketName } from '../bucket/bucket.ts'
import { type S3Ports, s3Scope } from '../context.ts'
import { commitObject } from '../object/commit-object.ts'
import { objectName, wholeSeconds } from '../object/object.ts'
import { md5Hex } from '../object/store-object.ts'
import { rangeOf } from '../range-of.ts'
import { requireBucket } from './object-reader.ts'
import { parseS3Uri } from './s3-uri.ts'

export interface ObjectsOptions {
  /** True where `putFile` makes a bucket that is missing. */
  readonly makeBuckets: boolean
}

/** What services do with objects for their jobs. */
export function openObjects(ports: S3Ports, options: ObjectsOptions): Objects {
  return {
    async has(scope, source) {
      const { bucket, key } = parseS3Uri(source.uri)
      const rows = s3Scope(scope.account)
      await requireBucket(ports, rows, bucket)
      if (source.kind !== 'prefix') return (await ports.objects.get(rows, objectName(bucket, key))) !== undefined
      // A few rows at a time: the first that is no folder marker is the answer.
      for await (const page of rangeOf(ports.objects, rows, objectName(bucket, key), 10)) {
        if (page.some(({ name, value }) => value.sizeBytes > 0 || !name.endsWith('/'))) return true
      }
      return false
    },

    async etag(scope, uri) {
      const { bucket, key } = parseS3Uri(uri)
      const rows = s3Scope(scope.account)
      await requireBucket(ports, rows, bucket)
      return (await ports.objects.get(rows, objectName(bucket, key)))?.value.etag
    },

    async putFile(scope, uri, file, contentType) {
      const { bucket, key } = parseS3Uri(uri)
      if (key === '') throw new StagingError(`"${uri}" names no object. Write it as s3://bucket/key.`)
      await ensureBucket(ports, scope, bucket, options.makeBuckets)
      await ports.hold.during(async () => {
        const blob = await ports.blobs.adopt(file, ['md5'])
        await commitObject(
          ports,
          { scope: s3Scope(scope.account), bucket, key, conditions: {} },
          {
            headers: { ContentType: contentType },
            metadata: {},
            tags: [],
            storageClass: 'STANDARD',
            encryption: { ServerSideEncryption: 'AES256' },
            blob: blob.id,
            sizeBytes: blob.sizeBytes,
            etag: md5Hex(blob.digests.md5),
            modified: wholeSeconds(ports.now()),
          },
        )
      })
      // Not before the row is there: the step that was killed in between is done again, with the same file.
      await rm(file, { force: true })
    },
  }
}

async function ensureBucket(ports: S3Ports, scope: Scope, bucket: string, make: boolean): Promise<void> {
  const rows = s3Scope(scope.account)
  if (!make) return requireBucket(ports, rows, bucket)
  if (await ports.buckets.get(rows, bucket)) return
  checkBucketName(bucket)
  await ports.buckets.insert(rows, bucket, {
    region: bucketRegion(scope.region, scope.region === 'us-east-1' ? undefined : scope.region),
    created: ports.now(),
  })
  ports.log.warn('made a bucket that a job names for its output', { bucket, account: scope.account })
}
