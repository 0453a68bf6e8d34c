import type { Tag, TagList } from '@sagebrush/contract/sagemaker'
import { ApiError, validationError } from '@sagebrush/core'

const LIMIT = 50

/** The tags with the added ones, which replace those of the same key in place. */
export function withTags(tags: TagList, added: TagList): TagList {
  const byKey = new Map<string, Tag>(tags.map((tag) => [tag.Key, tag]))
  for (const tag of added) byKey.set(tag.Key, tag)
  if (byKey.size > LIMIT) {
    throw new ApiError(
      'ResourceLimitExceeded',
      `A resource can have at most ${LIMIT} tags, and this one would have ${byKey.size}.`,
    )
  }
  return [...byKey.values()]
}

/** The tags of a request. Throws ValidationException where a key is there twice, or is one of AWS's own. */
export function tagsAtCreation(tags: TagList | undefined): TagList {
  const keys = (tags ?? []).map(({ Key }) => Key)
  const twice = keys.find((key, index) => keys.indexOf(key) !== index)
  if (twice !== undefined) throw validationError(`Duplicate tag keys found: "${twice}". Tag keys must be unique.`)
  const reserved = keys.find((key) => /^aws:/i.test(key))
  if (reserved !== undefined) {
    throw validationError(
      `The tag key "${reserved}" is not allowed: keys that begin with "aws:" are reserved. Name it otherwise.`,
    )
  }
  return tags ?? []
}
