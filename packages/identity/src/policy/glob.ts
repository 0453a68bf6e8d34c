/** One place of a pattern: a character that stands for itself, `?`, or `*`. */
export type GlobToken = { readonly char: string } | 'one' | 'any'

/** Reads `*` and `?` as wildcards. */
export function globOf(pattern: string): readonly GlobToken[] {
  return Array.from(pattern, (char) => (char === '*' ? 'any' : char === '?' ? 'one' : { char }))
}

/** Whether the whole text matches. Takes time of at most pattern × text: no pattern makes it explode. */
export function globMatches(pattern: readonly GlobToken[], text: string): boolean {
  const chars = Array.from(text)
  let p = 0
  let t = 0
  let starAt = -1
  let resumeAt = 0
  while (t < chars.length) {
    const token = pattern[p]
    if (token === 'any') {
      starAt = p++
      resumeAt = t
    } else if (token === 'one' || (token !== undefined && token.char === chars[t])) {
      p++
      t++
    } else if (starAt >= 0) {
      p = starAt + 1
      t = ++resumeAt
    } else return false
  }
  while (pattern[p] === 'any') p++
  return p === pattern.length
}
