import { type LogRead, type LogStore, LogStreamMissing } from '@sagebrush/core'
import { describe, expect, test } from 'vitest'
import { writeAndCrash } from './crash.ts'
import { type MakePlace, within } from './place.ts'
import { otherScopes, scope } from './samples.ts'

const group = '/aws/sagemaker/TrainingJobs'
const stream = 'job/algo-1-1700000000[$LATEST]'
const created = new Date(1_600_000_000_000)
const all: LogRead = { from: 0, direction: 'forward', limit: 10_000, maxBytes: 1_048_576 }

/** What every `LogStore` promises. */
export function logStoreSuite(name: string, make: MakePlace<LogStore>): void {
  const withStore = (run: (logs: LogStore) => Promise<void>) => () =>
    within(make, async (place) => {
      const logs = await place.open()
      try {
        await run(logs)
      } finally {
        await logs.close()
      }
    })

  const begin = async (logs: LogStore): Promise<void> => {
    await logs.createGroup(scope, group, created)
    await logs.createStream(scope, group, stream, created)
  }

  describe(`${name}: groups and streams`, () => {
    test(
      'are made once, listed by the bytes of their names, and deleted',
      withStore(async (logs) => {
        const names = ['z', 'a/b', 'a', '\u{1F600}', '～', `${'x'.repeat(511)}1`, `${'x'.repeat(511)}2`, '..', '$']
        const sorted = [...names].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
        for (const each of names) expect(await logs.createGroup(scope, each, created)).toBe(true)
        expect(await logs.createGroup(scope, 'a', new Date(5))).toBe(false)
        expect((await logs.groups(scope)).map((it) => it.name)).toEqual(sorted)
        expect(await logs.getGroup(scope, 'a')).toEqual({ name: 'a', created, storedBytes: 0 })
        for (const each of names) expect(await logs.createStream(scope, 'a', each, created)).toBe(true)
        expect(await logs.createStream(scope, 'a', 'z', created)).toBe(false)
        expect((await logs.streams(scope, 'a')).map((it) => it.name)).toEqual(sorted)
        expect(await logs.getStream(scope, 'a', '..')).toEqual({ name: '..', created, storedBytes: 0, events: 0 })
        expect(await logs.deleteStream(scope, 'a', '..')).toBe(true)
        expect(await logs.deleteStream(scope, 'a', '..')).toBe(false)
        expect(await logs.getStream(scope, 'a', '..')).toBeUndefined()
        expect(await logs.streams(scope, 'a/b')).toEqual([])
        expect(await logs.deleteGroup(scope, 'a')).toBe(true)
        expect(await logs.deleteGroup(scope, 'a')).toBe(false)
        expect(await logs.getGroup(scope, 'a')).toBeUndefined()
        expect(await logs.createGroup(scope, 'a', created)).toBe(true)
        expect(await logs.streams(scope, 'a')).toEqual([])
      }),
    )

    test(
      'of accounts and regions are apart',
      withStore(async (logs) => {
        await begin(logs)
        await logs.append(scope, group, stream, [event(1)])
        for (const other of otherScopes) {
          expect(await logs.groups(other)).toEqual([])
          expect(await logs.getStream(other, group, stream)).toBeUndefined()
          expect(await logs.deleteGroup(other, group)).toBe(false)
          expect(await logs.createGroup(other, group, created)).toBe(true)
          expect(await logs.streams(other, group)).toEqual([])
        }
        expect((await logs.read(scope, group, stream, all)).events).toHaveLength(1)
      }),
    )

    test(
      'keep their retention',
      withStore(async (logs) => {
        expect(await logs.setRetention(scope, group, 7)).toBe(false)
        await begin(logs)
        expect(await logs.setRetention(scope, group, 7)).toBe(true)
        expect((await logs.getGroup(scope, group))?.retentionDays).toBe(7)
        await logs.setRetention(scope, group, undefined)
        expect(await logs.getGroup(scope, group)).not.toHaveProperty('retentionDays')
      }),
    )

    test(
      'that are missing are told',
      withStore(async (logs) => {
        await expect(logs.createStream(scope, group, stream, created)).rejects.toThrow(LogStreamMissing)
        await logs.createGroup(scope, group, created)
        await expect(logs.append(scope, group, stream, [event(1)])).rejects.toThrow(LogStreamMissing)
        await expect(logs.read(scope, group, stream, all)).rejects.toThrow(LogStreamMissing)
        await expect(logs.sourceCursor(scope, group, stream)).rejects.toThrow(LogStreamMissing)
      }),
    )
  })

  describe(`${name}: events`, () => {
    test(
      'are read as they were appended',
      withStore(async (logs) => {
        await begin(logs)
        expect(await logs.sourceCursor(scope, group, stream)).toBeUndefined()
        const messages = ['', 'ä\u{1F600}', 'a\u0000b\n', 'x'.repeat(262_144)]
        const events = messages.map((message, i) => ({ timestamp: new Date(5_000 - i), message }))
        await logs.append(scope, group, stream, events.slice(0, 1), 'c1')
        await logs.append(scope, group, stream, events.slice(1), 'c2')
        await logs.append(scope, group, stream, [])
        expect(await logs.sourceCursor(scope, group, stream)).toBe('c2')
        const page = await logs.read(scope, group, stream, all)
        expect(page.events.map(({ message }) => message)).toEqual(messages)
        expect(page.events.map(({ sequence }) => sequence)).toEqual([0, 1, 2, 3])
        expect(page.events.map(({ timestamp }) => timestamp.getTime())).toEqual([5_000, 4_999, 4_998, 4_997])
        const storedBytes = Buffer.byteLength(messages.join(''))
        expect(await logs.getStream(scope, group, stream)).toEqual({
          name: stream,
          created,
          firstEvent: new Date(4_997),
          lastEvent: new Date(5_000),
          lastIngested: page.events[3]?.ingested,
          storedBytes,
          events: 4,
        })
        expect((await logs.getGroup(scope, group))?.storedBytes).toBe(storedBytes)
        await logs.append(scope, group, stream, [], 'c3')
        expect(await logs.sourceCursor(scope, group, stream)).toBe('c3')
      }),
    )

    test(
      'are paged both ways, by number, by bytes and by time',
      withStore(async (logs) => {
        await begin(logs)
        for (let batch = 0; batch < 20; batch++)
          await logs.append(
            scope,
            group,
            stream,
            Array.from({ length: 50 }, (_, i) => event(batch * 50 + i)),
          )
        const read = async (query: Partial<LogRead>) => {
          const page = await logs.read(scope, group, stream, { ...all, ...query })
          return [page.events[0]?.sequence, page.events.at(-1)?.sequence, page.previous, page.next]
        }
        expect(await read({ limit: 10 })).toEqual([0, 9, 0, 10])
        expect(await read({ from: 495, limit: 10 })).toEqual([495, 504, 495, 505])
        expect(await read({ from: 995 })).toEqual([995, 999, 995, 1_000])
        expect(await read({ from: 1_000 })).toEqual([undefined, undefined, 1_000, 1_000])
        expect(await read({ from: 5_000 })).toEqual([undefined, undefined, 1_000, 1_000])
        const backward = 'backward' as const
        expect(await read({ from: 1_000, direction: backward, limit: 10 })).toEqual([990, 999, 990, 1_000])
        expect(await read({ from: 990, direction: backward, limit: 10 })).toEqual([980, 989, 980, 990])
        expect(await read({ from: 3, direction: backward, limit: 10 })).toEqual([0, 2, 0, 3])
        expect(await read({ from: 0, direction: backward })).toEqual([undefined, undefined, 0, 0])
        expect(await read({ maxBytes: 9 * 25 + 8 })).toEqual([0, 24, 0, 25])
        expect(await read({ maxBytes: 1 })).toEqual([0, 0, 0, 1])
        expect(await read({ from: 1_000, direction: backward, maxBytes: 1 })).toEqual([999, 999, 999, 1_000])
        const window = { startTime: new Date(300_000), endTime: new Date(310_000) }
        expect(await read(window)).toEqual([300, 309, 300, 1_000])
        expect(await read({ ...window, limit: 4 })).toEqual([300, 303, 300, 304])
        expect(await read({ ...window, from: 1_000, direction: backward, limit: 4 })).toEqual([306, 309, 306, 310])
        expect(await read({ ...window, from: 306, direction: backward })).toEqual([300, 305, 0, 306])
        expect(await read({ startTime: new Date(9e9) })).toEqual([undefined, undefined, 0, 1_000])
        await logs.append(scope, group, stream, [event(1_000)])
        expect(await read({ from: 1_000 })).toEqual([1_000, 1_000, 1_000, 1_001])
      }),
    )

    test(
      'of many writers at once all get a place',
      withStore(async (logs) => {
        await begin(logs)
        await Promise.all(
          Array.from({ length: 100 }, (_, i) => logs.append(scope, group, stream, [event(i), event(i)])),
        )
        const { events } = await logs.read(scope, group, stream, all)
        expect(events.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 200 }, (_, i) => i))
        for (let i = 0; i < 200; i += 2) expect(events[i]?.message).toBe(events[i + 1]?.message)
      }),
    )

    test(
      'a stream may be deleted while it is read and written',
      withStore(async (logs) => {
        await begin(logs)
        const busy = Array.from({ length: 50 }, async (_, i) => {
          await logs.append(scope, group, stream, [event(i)])
          return (await logs.read(scope, group, stream, all)).events.length
        })
        const outcomes = Promise.allSettled(busy)
        await logs.append(scope, group, stream, [event(0)])
        expect(await logs.deleteStream(scope, group, stream)).toBe(true)
        for (const outcome of await outcomes)
          if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(LogStreamMissing)
        expect(await logs.createStream(scope, group, stream, new Date(1))).toBe(true)
        expect((await logs.read(scope, group, stream, all)).events).toEqual([])
      }),
    )

    test('are there after opening again', () =>
      within(make, async (place) => {
        if (!place.durable) return
        const logs = await place.open()
        await begin(logs)
        await logs.setRetention(scope, group, 30)
        await logs.append(scope, group, stream, [event(1), event(2)], 'cursor')
        await logs.close()
        const again = await place.open()
        expect(await again.sourceCursor(scope, group, stream)).toBe('cursor')
        expect((await again.groups(scope)).map((it) => [it.name, it.retentionDays, it.storedBytes])).toEqual([
          [group, 30, 18],
        ])
        await again.append(scope, group, stream, [event(3)])
        const { events } = await again.read(scope, group, stream, all)
        expect(events.map(({ message }) => message)).toEqual([event(1), event(2), event(3)].map((it) => it.message))
        await again.close()
      }))

    test('and their cursors survive SIGKILL, together', () =>
      within(make, async (place) => {
        if (!place.child) return
        const acknowledged = await writeAndCrash('logs', place.child, 300)
        const logs = await place.open()
        const { events } = await logs.read(scope, '/group', 'stream', { ...all, limit: 1_000_000 })
        expect(events.length).toBeGreaterThanOrEqual(Number(acknowledged.at(-1)))
        expect(await logs.sourceCursor(scope, '/group', 'stream')).toBe(`${events.length}`)
        expect(events.every(({ message, sequence }) => message === `line ${sequence}`)).toBe(true)
        await logs.close()
      }))
  })
}

/** Nine bytes each; a second apart. */
function event(n: number): { timestamp: Date; message: string } {
  return { timestamp: new Date(n * 1_000), message: `line ${String(n).padStart(4, '0')}` }
}
