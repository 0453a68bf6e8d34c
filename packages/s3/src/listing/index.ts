import { ListObjectVersions } from './list-object-versions.ts'
import { ListObjects } from './list-objects.ts'
import { ListObjectsV2 } from './list-objects-v2.ts'

export const listingOperations = { ListObjects, ListObjectsV2, ListObjectVersions }
