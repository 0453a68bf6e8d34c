import type { Collection, RangeQuery, Store } from '@sagebrush/core'
import { describe, expect, test } from 'vitest'
import { memoryStore } from './memory-store.ts'
import { oddNames, scope, seeded, type Thing, thing, things } from './samples.ts'

type WithStore = (run: (store: Store) => Promise<void>) => () => Promise<void>

interface Case {
  readonly title: string
  readonly names: readonly string[]
  readonly query: Omit<RangeQuery, 'limit'>
  /** A common prefix stands in angle brackets. */
  readonly gives: readonly string[]
}

const cases: readonly Case[] = [
  {
    title: 'names in the order of their bytes',
    names: oddNames,
    query: { prefix: '' },
    gives: [...oddNames].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
  },
  {
    title: 'a prefix that is a row itself',
    names: ['a', 'a/', 'a/b', 'ab', 'b'],
    query: { prefix: 'a/', delimiter: '/' },
    gives: ['a/', 'a/b'],
  },
  {
    title: 'a row named as the common prefix folds with it',
    names: ['a', 'a/', 'a/b', 'ab'],
    query: { prefix: '', delimiter: '/' },
    gives: ['a', '<a/>', 'ab'],
  },
  {
    title: 'the prefix equal to the delimiter',
    names: ['/', '//', '//x', '/a', '/a/b', '/a/c', 'a'],
    query: { prefix: '/', delimiter: '/' },
    gives: ['/', '<//>', '/a', '</a/>'],
  },
  {
    title: 'two delimiters in a row',
    names: ['a//b', 'a//c', 'a/b', 'a/b/c'],
    query: { prefix: 'a/', delimiter: '/' },
    gives: ['<a//>', 'a/b', '<a/b/>'],
  },
  {
    title: 'a delimiter of several characters, of regular expressions, of an astral one',
    names: ['a.*b', 'a.*c', 'axb', 'b\u{1F600}1', 'b\u{1F600}2'],
    query: { prefix: '', delimiter: '.*' },
    gives: ['<a.*>', 'axb', 'b\u{1F600}1', 'b\u{1F600}2'],
  },
  {
    title: 'an astral delimiter',
    names: ['b\u{1F600}1', 'b\u{1F600}2', 'b\u{1F601}'],
    query: { prefix: '', delimiter: '\u{1F600}' },
    gives: ['<b\u{1F600}>', 'b\u{1F601}'],
  },
  {
    title: 'prefixes that end in the greatest characters',
    names: ['a', '\ud7ff', '\ud7ff1', '\ue000', '\u{10FFFF}', '\u{10FFFF}\u{10FFFF}'],
    query: { prefix: '\ud7ff' },
    gives: ['\ud7ff', '\ud7ff1'],
  },
  {
    title: 'a common prefix that nothing can follow',
    names: ['a', '\u{10FFFF}', '\u{10FFFF}1', '\u{10FFFF}\u{10FFFF}'],
    query: { prefix: '', delimiter: '\u{10FFFF}' },
    gives: ['a', '<\u{10FFFF}>'],
  },
  {
    title: 'after a common prefix all its rows are passed over',
    names: ['a/1', 'a/2', 'a0', 'b/1'],
    query: { prefix: '', delimiter: '/', after: 'a/' },
    gives: ['a0', '<b/>'],
  },
  {
    title: 'after a row within a common prefix the rest still folds',
    names: ['a/1', 'a/2', 'a0'],
    query: { prefix: '', delimiter: '/', after: 'a/1' },
    gives: ['<a/>', 'a0'],
  },
  {
    title: 'without a delimiter `after` is a name',
    names: ['a/', 'a/1', 'a0'],
    query: { prefix: '', after: 'a/' },
    gives: ['a/1', 'a0'],
  },
  {
    title: 'after a name before the prefix and after one behind it',
    names: ['a', 'b1', 'b2', 'c'],
    query: { prefix: 'b', after: 'a' },
    gives: ['b1', 'b2'],
  },
  { title: 'after all', names: ['a', 'b1', 'c'], query: { prefix: 'b', after: 'c' }, gives: [] },
  { title: 'LIKE has no say', names: ['a%b', 'axb', 'a_b'], query: { prefix: 'a%' }, gives: ['a%b'] },
]

export function collectionRangeCases(name: string, withStore: WithStore): void {
  describe(`${name}: range`, () => {
    for (const { title, names, query, gives } of cases)
      test(
        title,
        withStore(async (store) => {
          const rows = store.collection(things)
          for (const [i, each] of [...names].reverse().entries()) await rows.insert(scope, each, thing(i))
          for (const limit of [1, 2, 100]) expect(await allOf(rows, { ...query, limit })).toEqual(gives)
        }),
      )

    test(
      'says truncated only where more follows',
      withStore(async (store) => {
        const rows = store.collection(things)
        for (const each of ['a', 'b/1', 'b/2']) await rows.insert(scope, each, thing(1))
        const query = { prefix: '', delimiter: '/' }
        expect(await rows.range(scope, { ...query, limit: 1 })).toMatchObject({ truncated: true })
        expect(await rows.range(scope, { ...query, limit: 2 })).toMatchObject({ truncated: false })
        const { entries } = await rows.range(scope, { prefix: 'a', limit: 1 })
        expect(entries).toEqual([{ row: { scope, name: 'a', version: expect.any(Number), value: thing(1) } }])
      }),
    )

    test(
      'agrees with the reference on random names',
      withStore(async (store) => {
        const rows = store.collection(things)
        const reference = memoryStore().collection(things)
        const random = seeded(11)
        const alphabet = ['a', 'b', '/', '/', 'é', '\u{1F600}', '～', '\u{10FFFF}', '\ud7ff']
        const word = (most: number): string =>
          Array.from(
            { length: Math.floor(random() * most) },
            () => alphabet[Math.floor(random() * alphabet.length)],
          ).join('')
        const names = Array.from({ length: 150 }, () => word(7)).filter((each) => each !== '')
        await Promise.all(names.map((each) => rows.put(scope, each, thing(1))))
        await Promise.all(names.map((each) => reference.put(scope, each, thing(1))))
        for (let i = 0; i < 100; i++) {
          const query: RangeQuery = {
            prefix: random() < 0.5 ? '' : word(3),
            ...(random() < 0.7 ? { delimiter: word(2) || '/' } : {}),
            ...(random() < 0.3 ? { after: word(5) } : {}),
            limit: 1 + Math.floor(random() * 9),
          }
          expect(await allOf(rows, query), JSON.stringify(query)).toEqual(await allOf(reference, query))
        }
      }),
    )
  })
}

async function allOf(rows: Collection<Thing>, query: RangeQuery): Promise<string[]> {
  const all: string[] = []
  for (let after = query.after; ; ) {
    const range = await rows.range(scope, { ...query, ...(after === undefined ? {} : { after }) })
    for (const entry of range.entries) all.push('row' in entry ? entry.row.name : `<${entry.commonPrefix}>`)
    const last = range.entries.at(-1)
    if (!range.truncated || !last) return all
    expect(range.entries).toHaveLength(query.limit)
    after = 'row' in last ? last.row.name : last.commonPrefix
  }
}
