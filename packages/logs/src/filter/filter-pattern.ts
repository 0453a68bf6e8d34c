import { jsonMatcher } from './json-pattern.ts'
import type { Matcher } from './matcher.ts'
import { badPattern, textMatcher } from './text-pattern.ts'

/** Reads a filter pattern; throws InvalidParameterException for what cannot be read or is not supported. */
export function readFilterPattern(pattern = ''): Matcher {
  const text = pattern.trim()
  if (text === '') return () => true
  if (text.startsWith('{')) return jsonMatcher(text)
  if (text.startsWith('[')) {
    throw badPattern(
      pattern,
      'space-delimited patterns in brackets are not supported; terms and { $.field = value } are',
    )
  }
  if (text.startsWith('%')) {
    throw badPattern(pattern, 'regular expressions are not supported; terms and { $.field = value } are')
  }
  return textMatcher(text)
}
