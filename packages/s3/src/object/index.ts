import { DeleteObject } from './delete-object.ts'
import { DeleteObjects } from './delete-objects.ts'
import { GetObject } from './get-object.ts'
import { GetObjectAttributes } from './get-object-attributes.ts'
import { HeadObject } from './head-object.ts'
import { PutObject } from './put-object.ts'

export const objectOperations = { DeleteObject, DeleteObjects, GetObject, GetObjectAttributes, HeadObject, PutObject }
