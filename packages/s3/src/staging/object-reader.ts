import {
  type Blobs,
  type ObjectReader,
  type ObjectShare,
  type ObjectSource,
  type Row,
  type Scope,
  type StagedObject,
  StagingError,
} from '@sagebrush/core'
import { bucketRemedy } from '../bucket/bucket.ts'
import { type S3Ports, s3Scope } from '../context.ts'
import { type ObjectRecord, objectName } from '../object/object.ts'
import { rangeOf } from '../range-of.ts'
import { readManifest } from './manifest.ts'
import { parseS3Uri, type S3Location, s3Uri } from './s3-uri.ts'
import { fileName, nameBelowPrefix, StagedNames, unstageable } from './staged-name.ts'

const BATCH = 1000

type Source = AsyncIterable<readonly StagedObject[]>

/** Lets engines see a job's objects as files, in batches, so that the first is staged while others are listed. */
export function openObjectReader(ports: S3Ports): ObjectReader {
  return {
    read(scope: Scope, source: ObjectSource): Source {
      const rows = s3Scope(scope.account)
      const location = parseS3Uri(source.uri)
      if (source.kind === 'object') return readObject(ports, rows, location)
      const whole =
        source.kind === 'prefix' ? readPrefix(ports, rows, location) : readManifestObjects(ports, rows, location)
      return source.share ? shareOf(whole, source.share) : whole
    },
  }
}

/** One host's part of a channel: objects are dealt out in key order. More hosts than objects leave some with none. */
async function* shareOf(whole: Source, { index, of }: ObjectShare): Source {
  let place = 0
  for await (const batch of whole) {
    const part = batch.filter(() => place++ % of === index)
    if (part.length > 0) yield part
  }
}

async function* readPrefix(ports: S3Ports, scope: Scope, location: S3Location): Source {
  await requireBucket(ports, scope, location.bucket)
  const { bucket, key: prefix } = location
  const taken = new StagedNames()
  for await (const rows of rangeOf(ports.objects, scope, objectName(bucket, prefix))) {
    const batch: StagedObject[] = []
    for (const row of rows) {
      const key = row.name.slice(bucket.length + 1)
      if (isFolderMarker(bucket, key, row.value)) continue
      const name = fileName(bucket, key, nameBelowPrefix(prefix, key))
      taken.add(bucket, key, name)
      batch.push(staged(ports.blobs, name, row.value))
    }
    if (batch.length > 0) yield batch
  }
}

async function* readObject(ports: S3Ports, scope: Scope, location: S3Location): Source {
  const row = await requireObject(ports, scope, location)
  const { bucket, key } = location
  yield [staged(ports.blobs, fileName(bucket, key, key.slice(key.lastIndexOf('/') + 1)), row.value)]
}

async function* readManifestObjects(ports: S3Ports, scope: Scope, location: S3Location): Source {
  const manifest = await requireObject(ports, scope, location)
  const { prefix, names } = await readManifest(ports.blobs, manifest.value, s3Uri(location.bucket, location.key))
  const taken = new StagedNames()
  for (let start = 0; start < names.length; start += BATCH) {
    const batch: Promise<StagedObject>[] = names.slice(start, start + BATCH).map(async (name) => {
      const key = prefix.key + name
      const file = fileName(prefix.bucket, key, name)
      taken.add(prefix.bucket, key, file)
      const row = await requireObject(ports, scope, { bucket: prefix.bucket, key })
      return staged(ports.blobs, file, row.value)
    })
    yield await Promise.all(batch)
  }
}

/** A console's folder: an empty object whose key ends in a slash. */
function isFolderMarker(bucket: string, key: string, object: ObjectRecord): boolean {
  if (!key.endsWith('/')) return false
  if (object.sizeBytes > 0) throw unstageable(bucket, key, 'its key ends in a slash, yet it is not empty')
  return true
}

function staged(blobs: Blobs, name: string, object: ObjectRecord): StagedObject {
  return { name, sizeBytes: object.sizeBytes, path: blobs.path(object.blob) }
}

export async function requireBucket(ports: S3Ports, scope: Scope, bucket: string): Promise<void> {
  if (await ports.buckets.get(scope, bucket)) return
  throw new StagingError(`The bucket ${bucket} does not exist in account ${scope.account}. ${bucketRemedy(bucket)}`)
}

async function requireObject(ports: S3Ports, scope: Scope, { bucket, key }: S3Location): Promise<Row<ObjectRecord>> {
  const row = await ports.objects.get(scope, objectName(bucket, key))
  if (row) return row
  await requireBucket(ports, scope, bucket)
  throw new StagingError(`There is no object ${s3Uri(bucket, key)}.`)
}
