const compiled = new Map<string, RegExp>()

/** Java's POSIX classes that the models use, as the inside of a character class. */
const posixClasses: Readonly<Record<string, string>> = { Alnum: 'a-zA-Z0-9', Print: '\\x20-\\x7E' }

/** Java's anchors that JavaScript writes otherwise. */
const anchors: Readonly<Record<string, string>> = { A: '^', z: '$' }

/**
 * The same language for expressions whose backtracking is exponential: a value could stop the server's one thread.
 * `([-a-z0-9]*[a-z0-9]){0,39}` is what one such group matches. Of `([…]+/?){3,1016}` the shape's length of 1,024 gives
 * the upper bound.
 */
const linear: Readonly<Record<string, string>> = {
  '[a-z0-9]([-a-z0-9]*[a-z0-9]){0,39}?': '[a-z0-9]([-a-z0-9]*[a-z0-9])?',
  'https://([.\\-_a-zA-Z0-9]+/?){3,1016}': 'https://[.\\-_a-zA-Z0-9](/?[.\\-_a-zA-Z0-9]){2,}/?',
}

/**
 * The expression of a model's `pattern`, which must match the whole value (`regex.test(value)`). The models are written
 * for Java; a dozen of them do not compile as JavaScript and are translated. Kept: call it with
 * patterns of a model only. Check the length first: an expression's time grows with the value.
 */
export function patternRegExp(pattern: string): RegExp {
  const known = compiled.get(pattern)
  if (known) return known
  const regExp = new RegExp(`^(?:${translate(linear[pattern] ?? pattern)})$`, 'u')
  compiled.set(pattern, regExp)
  return regExp
}

const token = /\\p\{\w+\}|\\u[0-9A-Fa-f]{4}|\\x[0-9A-Fa-f]{2}|\\.|\$\{\d+(?:,\d*)?\}|./gsu

function translate(pattern: string): string {
  let inClass = false
  let afterSet = false
  let text = ''
  for (const [part] of pattern.matchAll(token)) {
    if (part === '[') inClass = true
    if (part === ']') inClass = false
    // `[\w-_]`: Java reads this hyphen as itself, JavaScript refuses it as a range.
    text += part === '-' && inClass && afterSet ? '\\-' : translateToken(part, inClass)
    afterSet = /^\\[wdspP]/.test(part)
  }
  return text
}

function translateToken(part: string, inClass: boolean): string {
  // A quantified `$` is still an end; only CustomerMetadataKey and CustomerMetadataValue have it, in error for `{1,128}`.
  if (part.startsWith('${') && !inClass) return '$'
  if (!part.startsWith('\\')) return part
  const set = posixClasses[/^\\p\{(\w+)\}$/.exec(part)?.[1] ?? '']
  if (set) return inClass ? set : `[${set}]`
  const escaped = part.slice(1)
  if (!inClass && anchors[escaped]) return anchors[escaped]
  // With the u flag only syntax characters may be escaped, and the hyphen only inside a class.
  const needless = escaped.length === 1 && !/[\w^$\\.*+?()[\]{}|/-]/u.test(escaped)
  return needless || escaped === '_' || (escaped === '-' && !inClass) ? escaped : part
}
