import { findBucket } from '../bucket/find-bucket.ts'
import { operation } from '../context.ts'
import { keyWriter, listedObject, listObjects, pageSize } from './listing.ts'

export const ListObjects = operation('ListObjects', async (input, ctx) => {
  await findBucket(ctx, input)
  const maxKeys = pageSize(input.MaxKeys, 'max-keys')
  const write = keyWriter(input.EncodingType)
  const { Prefix: prefix = '', Delimiter: delimiter, Marker: marker = '' } = input
  const listing = await listObjects(ctx, { bucket: input.Bucket, prefix, delimiter, after: marker, maxKeys })
  return {
    Name: input.Bucket,
    Prefix: write(prefix),
    ...(delimiter && { Delimiter: write(delimiter) }),
    Marker: write(marker),
    MaxKeys: maxKeys,
    ...(input.EncodingType && { EncodingType: input.EncodingType }),
    IsTruncated: listing.next !== undefined,
    // Without a delimiter the last key is the next marker, and S3 leaves it to the client to see that.
    ...(delimiter && listing.next !== undefined && { NextMarker: write(listing.next) }),
    Contents: listing.objects.map(({ key, object }) => listedObject(write(key), object, ctx.scope)),
    CommonPrefixes: listing.commonPrefixes.map((common) => ({ Prefix: write(common) })),
  }
})
