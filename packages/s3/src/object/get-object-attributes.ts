import { operation } from '../context.ts'
import { pageSize } from '../listing/listing.ts'
import { invalidArgument } from '../request-errors.ts'
import { checksumMembers } from './checksum.ts'
import { findObject } from './find-object.ts'
import type { ObjectRecord } from './object.ts'
import { refuseCustomerKey, refuseVersion } from './refusals.ts'

const ATTRIBUTES: readonly string[] = ['ETag', 'Checksum', 'ObjectParts', 'StorageClass', 'ObjectSize']

export const GetObjectAttributes = operation('GetObjectAttributes', async (input, ctx) => {
  refuseVersion(input.VersionId)
  refuseCustomerKey(input)
  const asked = new Set<string>(input.ObjectAttributes)
  for (const name of asked) {
    if (!ATTRIBUTES.includes(name)) {
      throw invalidArgument('Invalid attribute name specified.', 'x-amz-object-attributes', name)
    }
  }
  const object = (await findObject(ctx, input)).value
  const { checksum } = object
  return {
    LastModified: object.modified,
    ...(asked.has('ETag') && { ETag: object.etag }),
    ...(asked.has('Checksum') &&
      checksum && {
        Checksum: { ...checksumMembers(checksum), ChecksumType: checksum.type },
      }),
    ...(asked.has('ObjectParts') &&
      object.parts && { ObjectParts: partsPage(object, input.PartNumberMarker, input.MaxParts) }),
    ...(asked.has('StorageClass') && { StorageClass: object.storageClass }),
    ...(asked.has('ObjectSize') && { ObjectSize: object.sizeBytes }),
  }
})

function partsPage(object: ObjectRecord, marker: number | undefined, maxParts: number | undefined) {
  const parts = object.parts ?? []
  const limit = pageSize(maxParts, 'x-amz-max-parts')
  const after = marker ?? 0
  const following = parts.filter((part) => part.number > after)
  const page = following.slice(0, limit)
  return {
    TotalPartsCount: parts.length,
    PartNumberMarker: after,
    NextPartNumberMarker: page.at(-1)?.number ?? 0,
    MaxParts: limit,
    IsTruncated: page.length < following.length,
    // S3 lists the parts only of objects whose parts have checksums.
    ...(object.checksum && {
      Parts: page.map((part) => ({
        PartNumber: part.number,
        Size: part.sizeBytes,
        ...checksumMembers(part.checksum),
      })),
    }),
  }
}
