import type { Scope } from '@sagebrush/core'
import type { S3Context, S3Ports } from '../context.ts'
import { removeBlob } from '../object/commit-object.ts'
import { rangeOf } from '../range-of.ts'
import { noSuchUpload, type PartRecord, partName, uploadName } from './upload.ts'

/** Every part of an upload, by number. */
export async function loadParts(ctx: S3Context, uploadId: string): Promise<ReadonlyMap<number, PartRecord>> {
  const parts = new Map<number, PartRecord>()
  for await (const rows of rangeOf(ctx.parts, ctx.scope, `${uploadId}/`)) {
    for (const { value } of rows) parts.set(value.number, value)
  }
  return parts
}

/** Makes `part` the upload's part of its number, unless the upload went away meanwhile: then it leaves nothing. */
export async function commitPart(ctx: S3Context, bucket: string, uploadId: string, part: PartRecord): Promise<void> {
  const name = partName(uploadId, part.number)
  const replaced = await ctx.parts.put(ctx.scope, name, part)
  if (replaced) await removeBlob(ctx, replaced.value.blob)
  // An abort removes the upload's row first and looks for parts after, so one of the two sees the other.
  if (await ctx.uploads.get(ctx.scope, uploadName(bucket, uploadId))) return
  const removed = await ctx.parts.remove(ctx.scope, name)
  if (removed) await removeBlob(ctx, removed.value.blob)
  throw noSuchUpload(uploadId)
}

/** Removes an upload, and then its parts with their bytes. Repeating it goes on where it broke off. */
export async function removeUpload(ports: S3Ports, scope: Scope, bucket: string, uploadId: string): Promise<void> {
  await ports.uploads.remove(scope, uploadName(bucket, uploadId))
  for await (const rows of rangeOf(ports.parts, scope, `${uploadId}/`)) {
    await Promise.all(
      rows.map(async ({ name }) => {
        const removed = await ports.parts.remove(scope, name)
        if (removed) await removeBlob(ports, removed.value.blob)
      }),
    )
  }
}
