import { findBucket } from '../bucket/find-bucket.ts'
import { operation } from '../context.ts'
import { readToken, writeToken } from './continuation.ts'
import { keyWriter, listedObject, listObjects, pageSize } from './listing.ts'

export const ListObjectsV2 = operation('ListObjectsV2', async (input, ctx) => {
  await findBucket(ctx, input)
  const maxKeys = pageSize(input.MaxKeys, 'max-keys')
  const write = keyWriter(input.EncodingType)
  const { Prefix: prefix = '', Delimiter: delimiter, ContinuationToken: token, StartAfter: startAfter } = input
  const after = token === undefined ? startAfter : readToken(token)
  const listing = await listObjects(ctx, { bucket: input.Bucket, prefix, delimiter, after, maxKeys })
  const owner = input.FetchOwner ? ctx.scope : undefined
  return {
    Name: input.Bucket,
    Prefix: write(prefix),
    ...(delimiter && { Delimiter: write(delimiter) }),
    MaxKeys: maxKeys,
    ...(input.EncodingType && { EncodingType: input.EncodingType }),
    KeyCount: listing.objects.length + listing.commonPrefixes.length,
    IsTruncated: listing.next !== undefined,
    ...(token !== undefined && { ContinuationToken: token }),
    ...(listing.next !== undefined && { NextContinuationToken: writeToken(listing.next) }),
    ...(startAfter !== undefined && { StartAfter: write(startAfter) }),
    Contents: listing.objects.map(({ key, object }) => listedObject(write(key), object, owner)),
    CommonPrefixes: listing.commonPrefixes.map((common) => ({ Prefix: write(common) })),
  }
})
