import { operation } from '../context.ts'
import { taggedResource } from './tagged.ts'

/** Keys that are not there are no error. */
export const DeleteTags = operation('DeleteTags', async (input, ctx) => {
  await taggedResource(ctx, input.ResourceArn).change((tags) => {
    const kept = tags.filter(({ Key }) => !input.TagKeys.includes(Key))
    return kept.length === tags.length ? tags : kept
  })
  return {}
})
