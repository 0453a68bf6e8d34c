import { invalidParameter } from '../errors.ts'
import type { Matcher } from './matcher.ts'

interface Term {
  readonly text: string
  readonly kind: 'required' | 'excluded' | 'optional'
}

/**
 * Terms (`ERROR`), phrases (`"out of memory"`), exclusions (`-DEBUG`, `-"a phrase"`) and alternatives (`?ERROR ?WARN`).
 * Case matters; a term is found inside of words, too. With alternatives alone one of them must be there; beside
 * required terms they change nothing, as in CloudWatch.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
 */
export function textMatcher(pattern: string): Matcher {
  const terms = readTerms(pattern)
  const of = (kind: Term['kind']) => terms.filter((term) => term.kind === kind).map((term) => term.text)
  const [required, excluded, optional] = [of('required'), of('excluded'), of('optional')]
  return (message) => {
    if (excluded.some((text) => message.includes(text))) return false
    if (required.length === 0 && optional.length > 0) return optional.some((text) => message.includes(text))
    return required.every((text) => message.includes(text))
  }
}

function readTerms(pattern: string): readonly Term[] {
  const terms: Term[] = []
  let rest = pattern.trim()
  while (rest !== '') {
    const [whole, sign, phrase, word] = /^([-?]?)(?:"((?:[^"\\]|\\.)*)"|([^\s"]+))\s*/.exec(rest) ?? []
    if (whole === undefined) throw badPattern(pattern, `a quotation mark is left open at: ${rest}`)
    const kind = sign === '-' ? 'excluded' : sign === '?' ? 'optional' : 'required'
    const text = phrase === undefined ? (word ?? '') : phrase.replaceAll(/\\(.)/g, '$1')
    if (phrase === undefined && !/^[\w.:/@#$&*=+-]+$/.test(text)) {
      throw badPattern(pattern, `the term ${text} has characters that need quotation marks: "${text}"`)
    }
    terms.push({ kind, text })
    rest = rest.slice(whole.length)
  }
  return terms
}

export function badPattern(pattern: string, reason: string) {
  return invalidParameter(`Invalid filter pattern: ${pattern} (${reason})`)
}
