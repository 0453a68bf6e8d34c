import { expect, test } from 'vitest'
import { readFilterPattern } from './filter-pattern.ts'

const LINES = ['[ERROR 400] BAD REQUEST', '[ERROR 401] UNAUTHORIZED', '[WARN] slow request', 'all is well']

test.each([
  ['', [0, 1, 2, 3]],
  ['ERROR', [0, 1]],
  ['error', []],
  ['ERROR BAD', [0]],
  ['"BAD REQUEST"', [0]],
  ['"[ERROR 401]"', [1]],
  ['ERROR -UNAUTHORIZED', [0]],
  ['-ERROR', [2, 3]],
  ['-"BAD REQUEST" ERROR', [1]],
  ['?ERROR ?WARN', [0, 1, 2]],
  ['?"slow request" ?well', [2, 3]],
  ['?WARN ERROR', [0, 1]],
  ['  ERROR   401]  '.replace(']', ''), [1]],
] as const)('the terms %j', (pattern, expected) => {
  const matches = readFilterPattern(pattern)
  expect(LINES.flatMap((line, at) => (matches(line) ? [at] : []))).toEqual(expected)
})

const DOCUMENTS = [
  { level: 'ERROR', ms: 120, user: { name: 'ann' }, tags: ['x', 'y'], done: true },
  { level: 'INFO', ms: 5, user: null, done: false },
  { level: 'ERRONEOUS', ms: 120.5 },
].map((document) => JSON.stringify(document))

test.each([
  ['{ $.level = "ERROR" }', [0]],
  ['{$.level=ERR*}', [0, 2]],
  ['{ $.level = *ON*US }', [2]],
  ['{ $.level = *R*R*R*R }', []],
  ['{ $.level != "ERROR" }', [1, 2]],
  ['{ $.ms > 100 }', [0, 2]],
  ['{ $.ms <= 5 }', [1]],
  ['{ $.ms = 120 }', [0]],
  ['{ $.ms = 1.2e2 }', [0]],
  ['{ $.ms = * }', [0, 1, 2]],
  ['{ $.ms != * }', []],
  ['{ $.ms = "*" }', []],
  ['{ $.level = * }', [0, 1, 2]],
  ['{ $.tags[0] = * }', [0]],
  ['{ $.user = * }', []],
  ['{ $.user.name = "ann" }', [0]],
  ['{ $.[\'level\'] = "INFO" }'.replaceAll("'", '"'), [1]],
  ['{ $.tags[1] = "y" }', [0]],
  ['{ $.user IS NULL }', [1]],
  ['{ $.user NOT EXISTS }', [2]],
  ['{ $.done IS TRUE }', [0]],
  ['{ $.done IS FALSE || $.ms = 120.5 }', [1, 2]],
  ['{ $.ms > 100 && $.level = "ERROR" || $.ms < 10 }', [0, 1]],
  ['{ $.ms > 100 && ($.level = "ERROR" || $.ms < 10) }', [0]],
  ['{ $.constructor NOT EXISTS }', [0, 1, 2]],
] as const)('the JSON pattern %s', (pattern, expected) => {
  const matches = readFilterPattern(pattern)
  expect(DOCUMENTS.flatMap((line, at) => (matches(line) ? [at] : []))).toEqual(expected)
  expect(matches('no JSON: { $.level')).toBe(false)
  expect(matches('{ "level": ')).toBe(false)
})

test.each([
  ['"open', 'quotation mark is left open'],
  ['a(b)', 'need quotation marks'],
  ['[a, b]', 'not supported'],
  ['%ERR.*%', 'not supported'],
  ['{ $.a = %x% }', 'regular expressions (%…%) are not supported'],
  ['{ $.a = 1', '} was expected'],
  ['{ $.a }', 'is no comparison'],
  ['{ level = 1 }', 'a field such as $.name was expected'],
  ['{ $.a = }', 'a value was expected'],
  ['{ $.a > "x" }', 'compares with a number'],
  ['{ $.a[*] = 1 }', '[*] is not supported'],
  ['{ $.a[*].b NOT EXISTS }', '[*] is not supported'],
  ['{ $.a IS BIG }', 'is no test'],
  ['{ $.a = 1 } more', 'something follows'],
  ['{ $.a = 1 && }', 'a field such as $.name was expected'],
])('the pattern %j is refused: %s', (pattern, reason) => {
  expect(() => readFilterPattern(pattern)).toThrow(
    expect.objectContaining({ name: 'InvalidParameterException', message: expect.stringContaining(reason) }),
  )
})
