import type { S3Ports } from '../context.ts'
import { type ChecksumAlgorithm, digestsFor, fullObjectChecksum } from './checksum.ts'
import { commitObject, type WriteTarget } from './commit-object.ts'
import { checkUploadSize, type ObjectRecord, type ObjectTemplate, wholeSeconds } from './object.ts'

/** Stores the bytes of `body` as an object, whole or not at all. */
export async function storeObject(
  ports: S3Ports,
  target: WriteTarget,
  template: ObjectTemplate,
  body: AsyncIterable<Uint8Array> | undefined,
  algorithm: ChecksumAlgorithm | undefined,
): Promise<ObjectRecord> {
  const blob = await ports.blobs.create(body ?? noBytes(), {
    digests: digestsFor(algorithm),
    check: ({ sizeBytes }) => checkUploadSize(sizeBytes),
  })
  const checksum = fullObjectChecksum(algorithm, blob.digests)
  const object: ObjectRecord = {
    ...template,
    blob: blob.id,
    sizeBytes: blob.sizeBytes,
    etag: md5Hex(blob.digests.md5),
    modified: wholeSeconds(ports.now()),
    ...(checksum && { checksum }),
  }
  await commitObject(ports, target, object)
  return object
}

export function md5Hex(digest: Uint8Array | undefined): string {
  if (!digest) throw new Error('the blob store gave no MD5')
  return Buffer.from(digest).toString('hex')
}

/** The body of a request that has none. */
export async function* noBytes(): AsyncIterable<Uint8Array> {}
