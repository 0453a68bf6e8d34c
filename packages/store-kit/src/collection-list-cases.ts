import { type Collection, type Condition, InvalidCursor, type ListQuery, type Store } from '@sagebrush/core'
import { describe, expect, test } from 'vitest'
import { memoryStore } from './memory-store.ts'
import { oddNames, otherScopes, scope, seeded, type Thing, thing, things } from './samples.ts'

type WithStore = (run: (store: Store) => Promise<void>) => () => Promise<void>

export function collectionListCases(name: string, withStore: WithStore): void {
  describe(`${name}: list`, () => {
    test(
      'sorts by a field, then by the bytes of the name',
      withStore(async (store) => {
        const rows = store.collection(things)
        for (const odd of oddNames) await rows.insert(scope, odd, thing(7))
        const byBytes = [...oddNames].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
        for (const sortBy of ['name', 'size']) {
          expect(await namesOf(rows, { sortBy, order: 'ascending', limit: 3 })).toEqual(byBytes)
          expect(await namesOf(rows, { sortBy, order: 'descending', limit: 4 })).toEqual([...byBytes].reverse())
        }
      }),
    )

    test(
      'pages neither lose nor double a row while others come and go',
      withStore(async (store) => {
        const rows = store.collection(things)
        for (let i = 0; i < 20; i++) await rows.insert(scope, `n${i}`, thing(i))
        const query: ListQuery = { sortBy: 'made', order: 'ascending', limit: 5 }
        const first = await rows.list(scope, query)
        await rows.insert(scope, 'before', thing(-1))
        await rows.insert(scope, 'after', thing(7.5))
        await rows.remove(scope, 'n4')
        await rows.remove(scope, 'n6')
        const second = await rows.list(scope, { ...query, ...(first.next ? { after: first.next } : {}) })
        expect(first.rows.map((row) => row.name)).toEqual(['n0', 'n1', 'n2', 'n3', 'n4'])
        expect(second.rows.map((row) => row.name)).toEqual(['n5', 'n7', 'after', 'n8', 'n9'])
      }),
    )

    test(
      'the last page has no cursor, not even a full one',
      withStore(async (store) => {
        const rows = store.collection(things)
        for (let i = 0; i < 4; i++) await rows.insert(scope, `n${i}`, thing(i))
        const query: ListQuery = { sortBy: 'size', order: 'ascending', limit: 2 }
        const { next = '' } = await rows.list(scope, query)
        const last = await rows.list(scope, { ...query, after: next })
        expect(last.rows.map((row) => row.name)).toEqual(['n2', 'n3'])
        expect(last.next).toBeUndefined()
      }),
    )

    test(
      'a cursor holds for its own query alone',
      withStore(async (store) => {
        const rows = store.collection(things)
        for (let i = 0; i < 4; i++) await rows.insert(scope, `n${i}`, thing(i))
        const query: ListQuery = { sortBy: 'size', order: 'ascending', limit: 2 }
        const { next = '' } = await rows.list(scope, query)
        expect(next).toMatch(/^[A-Za-z0-9_-]+$/)
        const others: ListQuery[] = [
          { ...query, order: 'descending' },
          { ...query, sortBy: 'made' },
          { ...query, nameContains: 'n' },
          { ...query, where: [{ field: 'size', is: 'greater', value: 0 }] },
        ]
        for (const other of others)
          await expect(rows.list(scope, { ...other, after: next })).rejects.toThrow(InvalidCursor)
        for (const other of otherScopes)
          await expect(rows.list(other, { ...query, after: next })).rejects.toThrow(InvalidCursor)
        for (const after of ['', 'x', '!!', next.slice(0, -6), Buffer.from('[1,2,3]').toString('base64url')])
          await expect(rows.list(scope, { ...query, after })).rejects.toThrow(InvalidCursor)
        expect((await rows.list(scope, { ...query, limit: 1, after: next })).rows.map((row) => row.name)).toEqual([
          'n2',
        ])
      }),
    )

    test(
      'reads of each value the members that are asked for',
      withStore(async (store) => {
        interface Told {
          readonly size: number
          readonly told?: Date
          readonly history: readonly { readonly at: Date; readonly text: string }[]
          readonly inner?: { readonly $kept: string; readonly left: number; readonly bytes: Uint8Array }
        }
        const rows = store.collection<Told>({ name: 'told', index: { size: ({ size }) => size } })
        const at = new Date(1_000)
        const history = ['first', 'second'].map((text) => ({ at, text }))
        const inner = { $kept: 'yes', left: 7, bytes: new Uint8Array([1, 2]) }
        await rows.insert(scope, 'full', { size: 1, told: at, history, inner })
        await rows.insert(scope, 'bare', { size: 2, history: [] })
        const query: ListQuery = { sortBy: 'size', order: 'ascending', limit: 5 }
        const members = { told: true, history: 'last', inner: { $kept: true, bytes: true } } as const
        const page = await rows.list(scope, query, members)
        expect(page.rows).toEqual([
          {
            scope,
            name: 'full',
            version: expect.any(Number),
            value: { told: at, history: [{ at, text: 'second' }], inner: { $kept: 'yes', bytes: inner.bytes } },
          },
          { scope, name: 'bare', version: expect.any(Number), value: { history: [] } },
        ])
        expect(Object.keys(page.rows[1]?.value ?? {})).toEqual(['history'])
        const { next = '' } = await rows.list(scope, { ...query, limit: 1 })
        expect((await rows.list(scope, { ...query, after: next }, { size: true })).rows[0]?.value).toEqual({ size: 2 })
      }),
    )

    test(
      'refuses a field that is none',
      withStore(async (store) => {
        const rows = store.collection(things)
        await rows.insert(scope, 'one', thing(1))
        await expect(rows.list(scope, { sortBy: 'colour', order: 'ascending', limit: 1 })).rejects.toThrow(/"colour"/)
      }),
    )

    test(
      'every filter and sort agrees with the reference',
      withStore(async (store) => {
        const rows = store.collection(things)
        const reference = memoryStore().collection(things)
        const random = seeded(7)
        const pick = <V>(of: readonly V[]): V => of[Math.floor(random() * of.length)] as V
        const labels = [undefined, 3, 12, 'x', 'y', '～', '\u{1F600}', '']
        await Promise.all(
          Array.from({ length: 150 }, async (_, i) => {
            const label = pick(labels)
            const value = thing(Math.floor(random() * 20), {
              kind: pick(['plain', 'blue', 'red']),
              ...(label === undefined ? {} : { label }),
            })
            const named = `${pick(['job', 'Job', 'job-'])}${i % 40}${pick(oddNames)}`
            await Promise.all([rows.put(scope, named, value), reference.put(scope, named, value)])
          }),
        )
        const operators = ['equal', 'notEqual', 'greater', 'atLeast', 'less', 'atMost'] as const
        const condition = (): Condition => {
          const [field, value] = pick([
            ['size', Math.floor(random() * 22)],
            ['kind', pick(['plain', 'red', 'none'])],
            ['made', Math.floor(random() * 22) * 1_000],
            ['label', pick([3, 5, 'x', 'y', '～', ''])],
          ] as const)
          return { field, is: pick(operators), value }
        }
        for (let i = 0; i < 120; i++) {
          const query: ListQuery = {
            where: Array.from({ length: Math.floor(random() * 3) }, condition),
            ...(random() < 0.3 ? { nameContains: pick(['job', '1', '/', '%', '_', "'", 'Ä']) } : {}),
            sortBy: pick(['name', 'size', 'kind', 'made', 'label']),
            order: pick(['ascending', 'descending']),
            limit: pick([1, 7, 50, 1_000]),
          }
          expect(await namesOf(rows, query), JSON.stringify(query)).toEqual(await namesOf(reference, query))
        }
      }),
    )

    test(
      'each gives every row that meets the conditions, in batches',
      withStore(async (store) => {
        const rows = store.collection(things)
        const all = [scope, ...otherScopes].flatMap((where) => Array.from({ length: 300 }, (_, i) => ({ where, i })))
        await Promise.all(all.map(({ where, i }) => rows.insert(where, `n${i}`, thing(i, { kind: i % 3 ? 'a' : 'b' }))))
        const seen = new Set<string>()
        for await (const row of rows.each([{ field: 'kind', is: 'equal', value: 'b' }])) {
          expect(row.value.kind).toBe('b')
          seen.add(`${row.scope.account} ${row.scope.region} ${row.name}`)
        }
        expect(seen.size).toBe(300)
        let count = 0
        for await (const row of rows.each()) if (row.version > 0) count++
        expect(count).toBe(900)
      }),
    )
  })
}

/** All names of a query, page by page. */
async function namesOf(rows: Collection<Thing>, query: ListQuery): Promise<string[]> {
  const names: string[] = []
  for (let after: string | undefined; ; ) {
    const page = await rows.list(scope, { ...query, ...(after === undefined ? {} : { after }) })
    names.push(...page.rows.map((row) => row.name))
    if (page.next === undefined) return names
    expect(page.rows).toHaveLength(query.limit)
    after = page.next
  }
}
