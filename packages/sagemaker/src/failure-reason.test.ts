import { expect, test } from 'vitest'
import { beginning, lastWhole } from './failure-reason.ts'

const SMILE = '\u{1F600}'

test.each([
  [['ab', 'cd', 'ef'], 8, 'ab\ncd\nef'],
  [['ab', 'cd', 'ef'], 7, 'cd\nef'],
  [['ab', 'cd', 'ef'], 5, 'cd\nef'],
  [['ab', 'cd', 'ef'], 4, 'ef'],
  [['ab', 'cd', 'ef'], 2, 'ef'],
  [['ab', 'cd', 'ef'], 1, 'f'],
  [['ab', 'cd', 'ef'], 0, ''],
  [['ab', `c${SMILE}`], 3, `c${SMILE}`],
  [['ab', `c${SMILE}`], 2, SMILE],
  [['ab', `c${SMILE}`], 1, ''],
  [[], 5, ''],
])('of the lines %j, %d characters hold %j', (lines, room, told) => {
  expect(lastWhole(lines, room)).toBe(told)
})

test.each([
  ['abc', 3, 'abc'],
  ['abc', 2, 'ab'],
  [`a${SMILE}`, 3, `a${SMILE}`],
  [`a${SMILE}`, 2, 'a'],
  ['abc', -1, ''],
])('%j begins, in %d characters, with %j', (text, room, told) => {
  expect(beginning(text, room)).toBe(told)
})
