import { AddTags } from './add-tags.ts'
import { DeleteTags } from './delete-tags.ts'
import { ListTags } from './list-tags.ts'

export const tagOperations = { AddTags, DeleteTags, ListTags }
