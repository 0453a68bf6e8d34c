import type { ObjectIdentifier, S3Error } from '@sagebrush/contract/s3'
import { ApiError } from '@sagebrush/core'
import { findBucket } from '../bucket/find-bucket.ts'
import { operation } from '../context.ts'
import { malformedXml } from '../request-errors.ts'
import { checkKey } from './object.ts'
import { refuseVersion } from './refusals.ts'
import { removeObject } from './remove-object.ts'

const MAX_OBJECTS = 1000

export const DeleteObjects = operation('DeleteObjects', async (input, ctx) => {
  await findBucket(ctx, input)
  const identifiers = input.Delete.Objects
  if (identifiers.length < 1 || identifiers.length > MAX_OBJECTS) throw malformedXml()
  // At once, so that a store that commits in groups takes them in one.
  const errors = await Promise.all(identifiers.map((identifier) => failure(() => remove(identifier), identifier)))
  const deleted = identifiers.filter((_, index) => !errors[index])
  return {
    ...(!input.Delete.Quiet && {
      Deleted: deleted.map(({ Key, VersionId }) => ({ Key, ...(VersionId !== undefined && { VersionId }) })),
    }),
    Errors: errors.filter((error) => error !== undefined),
  }

  function remove({ Key, VersionId, ETag, Size, LastModifiedTime }: ObjectIdentifier): Promise<void> {
    checkKey(Key)
    refuseVersion(VersionId)
    return removeObject(ctx, input.Bucket, Key, { etag: ETag, sizeBytes: Size, modified: LastModifiedTime })
  }
})

async function failure(work: () => Promise<void>, { Key }: ObjectIdentifier): Promise<S3Error | undefined> {
  try {
    await work()
    return undefined
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    return { Key, Code: error.name, Message: error.message }
  }
}
