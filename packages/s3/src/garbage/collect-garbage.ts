import type { S3Ports } from '../context.ts'
import { removeUpload } from '../multipart/parts.ts'
import { removeBlob } from '../object/commit-object.ts'

/** What garbage collection took away. */
export interface Collected {
  readonly blobs: number
  readonly bytes: number
  /** Parts whose upload was gone, and uploads whose bucket was. */
  readonly rows: number
}

/**
 * Removes what a crash left: parts without an upload, uploads without a bucket, and blobs older than `minAgeMs` that
 * no object and no part names.
 *
 * No blob that a request is about to name is taken. One that is new by its date is too young; one that is old by its
 * date (a second name of old bytes, or a file taken over) is held from before it is made until its row is written,
 * and the rows are read only after all that was held has been let go.
 */
export async function collectGarbage(ports: S3Ports, minAgeMs: number): Promise<Collected> {
  const rows = (await dropUploads(ports)) + (await dropParts(ports))
  const before = ports.now().getTime() - minAgeMs
  const candidates = new Map<string, number>()
  for await (const { id, modified, sizeBytes } of ports.blobs.each()) {
    if (modified.getTime() < before) candidates.set(id, sizeBytes)
  }
  await ports.hold.settled()
  for await (const { value } of ports.parts.each()) candidates.delete(value.blob)
  for await (const { value } of ports.objects.each()) candidates.delete(value.blob)
  let bytes = 0
  for (const [id, sizeBytes] of candidates) {
    await removeBlob(ports, id)
    bytes += sizeBytes
  }
  return { blobs: candidates.size, bytes, rows }
}

async function dropUploads(ports: S3Ports): Promise<number> {
  let dropped = 0
  for await (const { scope, value } of ports.uploads.each()) {
    const bucket = await ports.buckets.get(scope, value.bucket)
    // A bucket of that name may have been made anew since.
    if (bucket && bucket.value.created <= value.initiated) continue
    await removeUpload(ports, scope, value.bucket, value.id)
    dropped++
  }
  return dropped
}

async function dropParts(ports: S3Ports): Promise<number> {
  let dropped = 0
  for await (const { scope, name, value } of ports.parts.each()) {
    if (await ports.uploads.get(scope, value.upload)) continue
    const removed = await ports.parts.remove(scope, name)
    if (removed) await removeBlob(ports, removed.value.blob)
    dropped++
  }
  return dropped
}
