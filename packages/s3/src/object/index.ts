import { DeleteObject } from './delete-object.ts'
import { GetObject } from './get-object.ts'
import { HeadObject } from './head-object.ts'
import { PutObject } from './put-object.ts'

export const objectOperations = { DeleteObject, GetObject, HeadObject, PutObject }
