import { validationError } from '@sagebrush/core'
import { operation } from '../context.ts'
import { taggedResource } from './tagged.ts'

/** In the order in which they were given; the token is the place in it. */
export const ListTags = operation('ListTags', async (input, ctx) => {
  const tags = await taggedResource(ctx, input.ResourceArn).tags()
  const from = input.NextToken === undefined ? 0 : Number(input.NextToken)
  if (!Number.isInteger(from) || from < 0)
    throw validationError('Invalid NextToken: it must come from the page before.')
  const page = tags.slice(from, from + (input.MaxResults ?? tags.length))
  const end = from + page.length
  return { Tags: page, ...(end < tags.length ? { NextToken: String(end) } : {}) }
})
