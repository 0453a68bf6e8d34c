import { expect, test } from 'vitest'
import { linkWithin, partsOf } from './member-path.ts'

test('names within, of the folder itself, and outside', () => {
  expect(partsOf('a/./b//c')).toEqual(['a', 'b', 'c'])
  for (const folder of ['/', './', '.', '']) expect(partsOf(folder), folder).toEqual([])
  for (const outside of ['/etc/passwd', '../a', 'a/../../b', '..']) expect(partsOf(outside), outside).toBeUndefined()
})

test('links within and out of the folder', () => {
  expect(linkWithin('../b', 'a/link', '/opt/ml/model')).toBe('../b')
  expect(linkWithin('/opt/ml/model/b/c', 'a/link', '/opt/ml/model')).toBe('../b/c')
  for (const target of ['../../b', '/etc', '/opt/ml/model/../input', '/opt/ml/models'])
    expect(linkWithin(target, 'a/link', '/opt/ml/model'), target).toBeUndefined()
})
