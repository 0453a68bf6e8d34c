import type { Tag } from '@sagebrush/contract/s3'
import { ApiError } from '@sagebrush/core'

/** Throws in S3's words unless these are at most `most` tags with keys of 1–128 and values of 0–256 characters, no key twice. */
export function checkTags(tags: readonly Tag[], most: number): void {
  if (tags.length > most) {
    throw new ApiError(
      'BadRequest',
      `${most === 10 ? 'Object tags' : 'Bucket tag count'} cannot be greater than ${most}`,
    )
  }
  const seen = new Set<string>()
  for (const { Key, Value } of tags) {
    if (Key.length < 1 || Key.length > 128 || /^aws:/i.test(Key)) {
      throw invalidTag('The TagKey you have provided is invalid', Key)
    }
    if (Value.length > 256) throw invalidTag('The TagValue you have provided is invalid', Key, Value)
    if (seen.has(Key)) throw invalidTag('Cannot provide multiple Tags with the same key', Key)
    seen.add(Key)
  }
}

/** The tags of an `x-amz-tagging` header or form field: `key1=value1&key2=value2`. */
export function parseTagging(header: string | undefined): readonly Tag[] {
  if (header === undefined || header === '') return []
  const tags = [...new URLSearchParams(header)].map(([Key, Value]) => ({ Key, Value }))
  checkTags(tags, 10)
  return tags
}

function invalidTag(message: string, key: string, value?: string): ApiError {
  return new ApiError('InvalidTag', message, {
    members: { TagKey: key, ...(value !== undefined && { TagValue: value }) },
  })
}
