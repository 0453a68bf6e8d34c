import { ApiError, DiskFull, type Row, type Scope } from '@sagebrush/core'
import { noSuchBucket } from '../bucket/bucket.ts'
import type { S3Ports } from '../context.ts'
import { checkWrite, type WriteConditions } from './conditions.ts'
import { type ObjectRecord, objectName } from './object.ts'

/** Where an object is written and on what conditions. */
export interface WriteTarget {
  readonly scope: Scope
  readonly bucket: string
  readonly key: string
  readonly conditions: WriteConditions
}

/**
 * Makes `record` the object under its key, takes its blob over, and removes the blob that it replaces. Throws
 * PreconditionFailed, or NoSuchBucket where the bucket went away meanwhile; the new blob is then removed.
 */
export async function commitObject(ports: S3Ports, target: WriteTarget, record: ObjectRecord): Promise<void> {
  let replaced: Row<ObjectRecord> | undefined
  try {
    replaced = await write(ports, target, record)
  } catch (error) {
    // After any other failure the row may be there all the same: its blob stays, for garbage collection to judge.
    if (error instanceof ApiError || error instanceof DiskFull) await removeBlob(ports, record.blob)
    throw error
  }
  if (replaced) await removeBlob(ports, replaced.value.blob)
  if (await ports.buckets.get(target.scope, target.bucket)) return
  // DeleteBucket looks for objects after it removed the bucket's row, so one of the two always sees the other.
  const name = objectName(target.bucket, target.key)
  const written = await ports.objects.get(target.scope, name)
  if (written?.value.blob === record.blob && (await ports.objects.remove(target.scope, name, written.version)))
    await removeBlob(ports, record.blob)
  throw noSuchBucket(target.scope.account, target.bucket)
}

/** Resolves in any case: what stays behind is found by garbage collection. */
export async function removeBlob(ports: S3Ports, blob: string): Promise<void> {
  try {
    await ports.blobs.remove(blob)
  } catch (error) {
    ports.log.warn('a blob could not be removed; garbage collection will', { blob, error: String(error) })
  }
}

async function write(
  ports: S3Ports,
  target: WriteTarget,
  record: ObjectRecord,
): Promise<Row<ObjectRecord> | undefined> {
  const name = objectName(target.bucket, target.key)
  const { IfMatch, IfNoneMatch } = target.conditions
  if (IfMatch === undefined && IfNoneMatch === undefined) return ports.objects.put(target.scope, name, record)
  for (;;) {
    const current = await ports.objects.get(target.scope, name)
    checkWrite(target.conditions, target.key, current?.value)
    const written = current
      ? await ports.objects.update(target.scope, name, current.version, record)
      : await ports.objects.insert(target.scope, name, record)
    if (written) return current
  }
}
