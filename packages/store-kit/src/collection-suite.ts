import type { Collection, Store } from '@sagebrush/core'
import { describe, expect, test } from 'vitest'
import { collectionListCases } from './collection-list-cases.ts'
import { collectionRangeCases } from './collection-range-cases.ts'
import { writeAndCrash } from './crash.ts'
import { type MakePlace, within } from './place.ts'
import { oddNames, otherScopes, scope, type Thing, thing, things } from './samples.ts'

/**
 * What every `Store` promises. The test of a driver calls it with a function that makes a place:
 *
 * ```ts
 * collectionSuite('memory', async () => ({ open: async () => memoryStore(), durable: false, dispose: async () => {} }))
 * ```
 */
export function collectionSuite(name: string, make: MakePlace<Store>): void {
  const withStore = (run: (store: Store) => Promise<void>) => () =>
    within(make, async (place) => {
      const store = await place.open()
      try {
        await run(store)
      } finally {
        await store.close()
      }
    })

  describe(`${name}: rows`, () => {
    test(
      'insert refuses a taken name and changes nothing',
      withStore(async (store) => {
        const rows = store.collection(things)
        expect(await rows.insert(scope, 'one', thing(1))).toBe(true)
        expect(await rows.insert(scope, 'one', thing(2))).toBe(false)
        expect(await rows.get(scope, 'one')).toEqual({
          ...{ scope, name: 'one', version: expect.any(Number), value: thing(1) },
        })
      }),
    )

    test(
      'update wants the version',
      withStore(async (store) => {
        const rows = store.collection(things)
        expect(await rows.update(scope, 'one', 1, thing(1))).toBe(false)
        await rows.insert(scope, 'one', thing(1))
        const first = await versionOf(rows, 'one')
        expect(await rows.update(scope, 'one', first + 1, thing(9))).toBe(false)
        expect(await rows.update(scope, 'one', first, thing(2))).toBe(true)
        expect(await rows.update(scope, 'one', first, thing(3))).toBe(false)
        expect(await rows.get(scope, 'one')).toMatchObject({ version: first + 1, value: thing(2) })
      }),
    )

    test(
      'of 100 updates at once one wins each version',
      withStore(async (store) => {
        const rows = store.collection(things)
        await rows.insert(scope, 'one', thing(0))
        const first = await versionOf(rows, 'one')
        for (let version = first; version < first + 3; version++) {
          const won = await Promise.all(
            Array.from({ length: 100 }, (_, i) =>
              rows.update(scope, 'one', version, thing((version - first) * 1_000 + i)),
            ),
          )
          expect(won.filter(Boolean)).toHaveLength(1)
          const row = await rows.get(scope, 'one')
          expect(row?.version).toBe(version + 1)
          expect(row?.value).toEqual(thing((version - first) * 1_000 + won.indexOf(true)))
        }
        const inserted = await Promise.all(Array.from({ length: 100 }, (_, i) => rows.insert(scope, 'two', thing(i))))
        expect(inserted.filter(Boolean)).toHaveLength(1)
        expect((await rows.get(scope, 'two'))?.value.size).toBe(inserted.indexOf(true))
      }),
    )

    test(
      'put and remove give what was there',
      withStore(async (store) => {
        const rows = store.collection(things)
        expect(await rows.put(scope, 'one', thing(1))).toBeUndefined()
        const version = await versionOf(rows, 'one')
        expect(await rows.put(scope, 'one', thing(2))).toEqual({ scope, name: 'one', version, value: thing(1) })
        expect(await rows.remove(scope, 'one', version)).toBeUndefined()
        const removed = { scope, name: 'one', version: version + 1, value: thing(2) }
        expect(await rows.remove(scope, 'one', version + 1)).toEqual(removed)
        expect(await rows.remove(scope, 'one')).toBeUndefined()
        expect(await rows.get(scope, 'one')).toBeUndefined()
        expect(await rows.insert(scope, 'one', thing(3))).toBe(true)
        // Whoever read the old row does not change or remove the new one.
        for (const old of [version, version + 1]) {
          expect(await rows.update(scope, 'one', old, thing(4))).toBe(false)
          expect(await rows.remove(scope, 'one', old)).toBeUndefined()
        }
        expect((await rows.get(scope, 'one'))?.value).toEqual(thing(3))
      }),
    )

    test(
      'keeps plain data as it was, and a copy of it',
      withStore(async (store) => {
        const rows = store.collection<Record<string, unknown>>({ name: 'plain', index: {} })
        const value = {
          text: 'ä\u{1F600}\u0000\ud800',
          numbers: [0, -1.5, 1e300, Number.MAX_SAFE_INTEGER],
          none: null,
          flag: false,
          date: new Date(1_700_000_000_123),
          bytes: new Uint8Array([0, 255, 128]),
          deep: [{ date: new Date(0) }, [new Uint8Array(0)]],
          $date: 5,
          $$x: { $bytes: 'AA==' },
          ['__proto__']: { evil: true },
          empty: {},
        }
        await rows.insert(scope, 'one', { ...value, gone: undefined })
        const kept = (await rows.get(scope, 'one'))?.value
        expect(kept).toEqual(value)
        expect(Object.keys(kept ?? {})).not.toContain('gone')
        const mine: Record<string, unknown> = { list: [1] }
        await rows.insert(scope, 'two', mine)
        mine.list = []
        expect((await rows.get(scope, 'two'))?.value).toEqual({ list: [1] })
        await expect(rows.insert(scope, 'three', { map: new Map() })).rejects.toThrow(/value\.map is a Map/)
      }),
    )

    test(
      'keeps a value of 1 MB and a name of 1,024 bytes',
      withStore(async (store) => {
        const rows = store.collection<{ text: string }>({ name: 'large', index: {} })
        const name = '\u{1F600}'.repeat(256)
        const text = 'é'.repeat(500_000)
        await rows.insert(scope, name, { text })
        expect((await rows.get(scope, name))?.value.text === text).toBe(true)
        expect(await rows.get(scope, name.slice(2))).toBeUndefined()
      }),
    )

    test(
      'keeps accounts, regions, collections and odd names apart',
      withStore(async (store) => {
        const rows = store.collection(things)
        const others = store.collection({ ...things, name: 'other_things' })
        for (const [i, name] of oddNames.entries()) await rows.insert(scope, name, thing(i))
        for (const [i, name] of oddNames.entries()) expect((await rows.get(scope, name))?.value.size).toBe(i)
        for (const other of otherScopes) {
          expect(await rows.get(other, 'a')).toBeUndefined()
          expect(await rows.update(other, 'a', 1, thing(9))).toBe(false)
          expect(await rows.remove(other, 'a')).toBeUndefined()
          expect((await rows.list(other, { sortBy: 'size', order: 'ascending', limit: 10 })).rows).toEqual([])
          expect((await rows.range(other, { prefix: '', limit: 10 })).entries).toEqual([])
          expect(await rows.insert(other, 'a', thing(100))).toBe(true)
        }
        expect(await others.get(scope, 'a')).toBeUndefined()
        expect((await rows.get(scope, 'a'))?.value.size).toBe(0)
        const seen: string[] = []
        for await (const row of rows.each()) if (row.name === 'a') seen.push(`${row.scope.account}/${row.scope.region}`)
        expect(seen.sort()).toEqual(['111122223333/eu-west-1', '111122223333/us-east-1', '444455556666/us-east-1'])
      }),
    )

    test('is there after opening again', () =>
      within(make, async (place) => {
        if (!place.durable) return
        const store = await place.open()
        const rows = store.collection(things)
        // Not awaited one by one: closing finishes what was asked for.
        const inserts = Array.from({ length: 50 }, (_, i) => rows.insert(scope, `${i}`, thing(i)))
        await rows.insert(scope, 'last', thing(50))
        await store.close()
        expect(await Promise.all(inserts)).toEqual(Array.from({ length: 50 }, () => true))
        await expect(rows.get(scope, 'last')).rejects.toThrow(/closed/)
        const again = await place.open()
        const page = await again.collection(things).list(scope, { sortBy: 'size', order: 'descending', limit: 100 })
        expect(page.rows.map(({ value }) => value.size)).toEqual(Array.from({ length: 51 }, (_, i) => 50 - i))
        await again.close()
      }))

    test('what was acknowledged survives SIGKILL', () =>
      within(make, async (place) => {
        if (!place.child) return
        const acknowledged = await writeAndCrash('store', place.child, 500)
        const store = await place.open()
        const rows = store.collection<{ n: number }>({ name: 'crash', index: { n: ({ n }) => n } })
        for (const name of acknowledged) expect((await rows.get(scope, name))?.value.n).toBe(Number(name.split('-')[1]))
        await store.close()
      }))
  })

  collectionListCases(name, withStore)
  collectionRangeCases(name, withStore)
}

async function versionOf(rows: Collection<Thing>, name: string): Promise<number> {
  return (await rows.get(scope, name))?.version ?? 0
}
