import { expect, test } from 'vitest'
import { figure, table, unmeasured } from './figure.ts'
import { alternate, median, percentile } from './measure.ts'

test('percentiles are values that were measured', () => {
  const values = Array.from({ length: 100 }, (_, index) => 100 - index)
  expect([percentile(values, 50), percentile(values, 99), percentile(values, 100)]).toEqual([50, 99, 100])
  expect(median([3, 1, 2])).toBe(2)
  expect(median([])).toBeNaN()
})

test('the two sides take turns, and take turns in going first', async () => {
  const order: string[] = []
  const side = (name: string) => async (round: number) => order.push(`${name}${round}`)
  const samples = await alternate(3, side('o'), side('p'))
  expect(order).toEqual(['o0', 'p0', 'p1', 'o1', 'o2', 'p2'])
  expect(samples).toEqual({ ours: [1, 4, 5], peer: [2, 3, 6] })
})

const measured = { name: 'x', ours: 12, peer: 10, unit: 'ms', n: 5 }

test.each([
  [{ of: 'ours', atMost: 12 }, true, 'ours ≤ 12 ms'],
  [{ of: 'ours', atMost: 11.9 }, false, 'ours ≤ 11.9 ms'],
  [{ of: 'ratio', atLeast: 1.2 }, true, 'ours / peer ≥ 1.2'],
  [{ of: 'ratio', atMost: 1.1 }, false, 'ours / peer ≤ 1.1'],
  [{ of: 'difference', atMost: 2 }, true, 'ours − peer ≤ 2 ms'],
  [{ of: 'difference', atMost: 1 }, false, 'ours − peer ≤ 1 ms'],
] as const)('the target %j is judged: %s', (target, pass, words) => {
  expect(figure({ ...measured, target })).toEqual({ ...measured, ratio: 1.2, target: words, pass })
})

test('a side without samples never passes', () => {
  expect(figure({ ...measured, ours: Number.NaN, target: { of: 'ours', atMost: 1 } }).pass).toBe(false)
})

test('the table lines its columns up', () => {
  const lines = table([figure({ ...measured, target: { of: 'ours', atMost: 1 } })]).split('\n')
  expect(lines[0]?.indexOf('target')).toBe(lines[1]?.indexOf('ours ≤'))
  expect(lines[1]).toContain('FAIL')
})

test('what a machine cannot measure is neither met nor missed, and says why', () => {
  const lacking = unmeasured({ name: 'y', unit: 'ms', target: { of: 'ratio', atMost: 1.3 }, reason: 'no engine' })
  expect(lacking).toMatchObject({ ours: null, peer: null, ratio: null, pass: null, target: 'ours / peer ≤ 1.3' })
  const lines = table([lacking]).split('\n')
  expect(lines[1]).toMatch(/^y +– +– +– +ms +ours \/ peer ≤ 1.3 +– +0$/)
  expect(lines[2]).toBe('y was not measured: no engine')
})
