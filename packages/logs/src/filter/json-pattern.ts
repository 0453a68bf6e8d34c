import { type JsonPath, readPath, valueAt } from './json-path.ts'
import type { Matcher } from './matcher.ts'
import { badPattern } from './text-pattern.ts'

type Test = (document: unknown) => boolean

interface Token {
  readonly kind: 'symbol' | 'path' | 'text' | 'word'
  readonly text: string
}

/**
 * `{ $.level = "ERROR" && ($.ms > 100 || $.user NOT EXISTS) }`: comparisons of fields of messages that are JSON.
 * Strings are equal with `*` as a wildcard; `&&` binds closer than `||`.
 */
export function jsonMatcher(pattern: string): Matcher {
  const parser = new Parser(pattern)
  const test = parser.parse()
  return (message) => {
    const document = parseObject(message)
    return document !== undefined && test(document)
  }
}

function parseObject(message: string): unknown {
  if (!/^\s*[{[]/.test(message)) return undefined
  try {
    return JSON.parse(message)
  } catch {
    return undefined
  }
}

const TOKEN =
  /\s*(?:(&&|\|\||!=|<=|>=|[=<>(){}])|(\$(?:\.[\w@-]+|\.?\["?[^\]]*\]|\[\d+\])+)|"((?:[^"\\]|\\.)*)"|([^\s(){}=<>!&|"]+))/y

class Parser {
  readonly #pattern: string
  readonly #tokens: Token[] = []
  #at = 0

  constructor(pattern: string) {
    this.#pattern = pattern
    const end = pattern.trimEnd().length
    TOKEN.lastIndex = 0
    for (let from = 0; from < end; from = TOKEN.lastIndex) {
      TOKEN.lastIndex = from
      const match = TOKEN.exec(pattern)
      if (!match) throw badPattern(pattern, `it cannot be read from: ${pattern.slice(from)}`)
      const [, symbol, path, text, word] = match
      if (symbol !== undefined) this.#tokens.push({ kind: 'symbol', text: symbol })
      else if (path !== undefined) this.#tokens.push({ kind: 'path', text: path })
      else if (text !== undefined) this.#tokens.push({ kind: 'text', text: text.replaceAll(/\\(.)/g, '$1') })
      else this.#tokens.push({ kind: 'word', text: word ?? '' })
    }
  }

  parse(): Test {
    this.#expect('{')
    const test = this.#any()
    this.#expect('}')
    if (this.#at < this.#tokens.length) throw this.#bad('something follows the closing brace')
    return test
  }

  #any(): Test {
    const tests = [this.#all()]
    while (this.#take('||')) tests.push(this.#all())
    return (document) => tests.some((test) => test(document))
  }

  #all(): Test {
    const tests = [this.#one()]
    while (this.#take('&&')) tests.push(this.#one())
    return (document) => tests.every((test) => test(document))
  }

  #one(): Test {
    if (this.#take('(')) {
      const test = this.#any()
      this.#expect(')')
      return test
    }
    const token = this.#next()
    if (token?.kind !== 'path') throw this.#bad(`a field such as $.name was expected, not ${token?.text ?? 'the end'}`)
    // CloudWatch Logs filters on one position of a list, never on any: https://github.com/cds-snc/covid-alert-server/pull/162
    if (token.text.includes('[*]')) throw this.#bad('[*] is not supported; a position such as [0] is')
    return this.#comparison(readPath(token.text))
  }

  #comparison(path: JsonPath): Test {
    const operator = this.#next()?.text ?? 'the end'
    if (/^(IS|NOT)$/i.test(operator)) return this.#state(path, operator.toUpperCase())
    if (!/^(=|!=|<=?|>=?)$/.test(operator)) {
      throw this.#bad(`${operator} is no comparison; there are = != < <= > >=, IS and NOT EXISTS`)
    }
    const value = this.#next()
    if (!value || value.kind === 'symbol') throw this.#bad(`a value was expected after ${operator}`)
    const { text, kind } = value
    if (kind === 'word' && text.startsWith('%')) throw this.#bad('regular expressions (%…%) are not supported')
    const number = kind === 'word' ? Number(text) : Number.NaN
    const equal = text === '*' && kind === 'word' ? isSimple : (found: unknown) => equals(found, text, number)
    if (operator === '=') return (document) => equal(valueAt(document, path))
    if (operator === '!=') return (document) => !equal(valueAt(document, path))
    if (Number.isNaN(number)) throw this.#bad(`${operator} compares with a number, not with ${text}`)
    return (document) => compares(valueAt(document, path), operator, number)
  }

  #state(path: JsonPath, operator: string): Test {
    const state = this.#next()?.text.toUpperCase() ?? 'the end'
    if (operator === 'NOT' && state === 'EXISTS') return (document) => valueAt(document, path) === undefined
    const wanted = new Map<string, unknown>([
      ['NULL', null],
      ['TRUE', true],
      ['FALSE', false],
    ])
    if (operator !== 'IS' || !wanted.has(state)) throw this.#bad(`${operator} ${state} is no test`)
    return (document) => valueAt(document, path) === wanted.get(state)
  }

  #next(): Token | undefined {
    return this.#tokens[this.#at++]
  }

  #take(symbol: string): boolean {
    const token = this.#tokens[this.#at]
    if (token?.kind !== 'symbol' || token.text !== symbol) return false
    this.#at++
    return true
  }

  #expect(symbol: string): void {
    if (!this.#take(symbol))
      throw this.#bad(`${symbol} was expected before ${this.#tokens[this.#at]?.text ?? 'the end'}`)
  }

  #bad(reason: string) {
    return badPattern(this.#pattern, reason)
  }
}

/** What `*` alone stands for: as in AWS's `{ $.latency = * }`, numbers too. */
function isSimple(value: unknown): boolean {
  return typeof value === 'number' || typeof value === 'string'
}

function equals(value: unknown, text: string, number: number): boolean {
  if (typeof value === 'number') return value === number
  if (typeof value !== 'string') return false
  const parts = text.split('*')
  if (parts.length === 1) return value === text
  const [first = '', ...others] = parts
  const last = others.pop() ?? ''
  if (!value.startsWith(first)) return false
  let from = first.length
  for (const part of others) {
    const found = value.indexOf(part, from)
    if (found < 0) return false
    from = found + part.length
  }
  return value.length - last.length >= from && value.endsWith(last)
}

function compares(value: unknown, operator: string, number: number): boolean {
  if (typeof value !== 'number') return false
  if (operator === '<') return value < number
  if (operator === '<=') return value <= number
  return operator === '>' ? value > number : value >= number
}
