import { expect, test } from 'vitest'
import { nearestNames } from './nearest-names.ts'

const commands = ['up', 'down', 'status', 'logs', 'run', 'restore', 'doctor']

test.each([
  ['dwon', ['down']],
  ['stauts', ['status']],
  ['log', ['logs']],
  ['logs', ['logs']],
  ['u', ['up']],
  ['bogus', []],
  ['dokter', ['doctor']],
  ['constructor', []],
])('%s may be a slip for %j', (asked, expected) => {
  expect(nearestNames(asked, commands)).toEqual(expected)
})

test('the best come first, three at most', () => {
  const names = ['line:4', 'line:1', 'lime:2', 'line:12', 'other']
  expect(nearestNames('line:13', names)).toEqual(['line:1', 'line:12', 'line:4'])
})
