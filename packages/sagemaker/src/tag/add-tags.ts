import { operation } from '../context.ts'
import { tagsAtCreation, withTags } from './tag-list.ts'
import { taggedResource } from './tagged.ts'

export const AddTags = operation('AddTags', async (input, ctx) => {
  const added = tagsAtCreation(input.Tags)
  const tags = await taggedResource(ctx, input.ResourceArn).change((present) => withTags(present, added))
  return { Tags: tags }
})
