import { findBucket } from '../bucket/find-bucket.ts'
import { operation } from '../context.ts'
import { invalidArgument } from '../request-errors.ts'
import { keyWriter, listedObject, listObjects, pageSize } from './listing.ts'

/** Without versioning every object is its own one version, `null`. */
export const ListObjectVersions = operation('ListObjectVersions', async (input, ctx) => {
  await findBucket(ctx, input)
  const maxKeys = pageSize(input.MaxKeys, 'max-keys')
  const write = keyWriter(input.EncodingType)
  const { Prefix: prefix = '', Delimiter: delimiter, KeyMarker: after = '', VersionIdMarker: marker } = input
  if (marker !== undefined && after === '') {
    throw invalidArgument('A version-id marker cannot be specified without a key marker.', 'version-id-marker', marker)
  }
  const listing = await listObjects(ctx, { bucket: input.Bucket, prefix, delimiter, after, maxKeys })
  return {
    Name: input.Bucket,
    Prefix: write(prefix),
    ...(delimiter && { Delimiter: write(delimiter) }),
    KeyMarker: write(after),
    VersionIdMarker: marker ?? '',
    MaxKeys: maxKeys,
    ...(input.EncodingType && { EncodingType: input.EncodingType }),
    IsTruncated: listing.next !== undefined,
    ...(listing.next !== undefined && { NextKeyMarker: write(listing.next), NextVersionIdMarker: 'null' }),
    Versions: listing.objects.map(({ key, object }) => ({
      ...listedObject(write(key), object, ctx.scope),
      StorageClass: 'STANDARD' as const,
      VersionId: 'null',
      IsLatest: true,
    })),
    CommonPrefixes: listing.commonPrefixes.map((common) => ({ Prefix: write(common) })),
  }
})
