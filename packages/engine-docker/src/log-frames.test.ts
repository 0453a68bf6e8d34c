import { describe, expect, test } from 'vitest'
import { LogFrames, type PlacedLine } from './log-frames.ts'
import { LOG_START, type LogPlace } from './log-place.ts'

interface Frame {
  readonly stream: 1 | 2
  /** Milliseconds after the log's first. */
  readonly at: number
  readonly text: string
}

const EPOCH_MS = Date.parse('2026-01-02T03:04:05Z')
const timeOf = ({ at }: Frame) => `${new Date(EPOCH_MS + at).toISOString().slice(0, -1)}000000Z`

/** What an engine answers: older ones leave out every frame before `since`, newer ones those before the first that is not. */
function answer(log: readonly Frame[], { at }: LogPlace, newer: boolean): Buffer[] {
  const isAfter = (frame: Frame) => at === '' || EPOCH_MS + frame.at >= Number(at) * 1000 - 0.0005
  const first = log.findIndex(isAfter)
  const given = newer ? (first < 0 ? [] : log.slice(first)) : log.filter(isAfter)
  return given.map((frame) => {
    const body = Buffer.from(`${timeOf(frame)} ${frame.text}`)
    const head = Buffer.alloc(8)
    head[0] = frame.stream
    head.writeUInt32BE(body.length, 4)
    return Buffer.concat([head, body])
  })
}

/** Reads the log, broken off and begun anew whenever a line is whole. */
function readInSteps(log: readonly Frame[], newer: boolean): { lines: string[]; most: number } {
  const lines: string[] = []
  let place = LOG_START
  let most = 0
  for (;;) {
    const frames = new LogFrames(place)
    const answered = answer(log, place, newer)
    let taken: readonly PlacedLine[] = []
    while (taken.length === 0 && answered.length > 0) taken = frames.take(answered.shift() ?? Buffer.alloc(0))
    if (taken.length === 0) return { lines, most }
    lines.push(...taken.map(({ message }) => message))
    place = taken.at(-1)?.place ?? place
    most = Math.max(most, place.taken)
  }
}

const readAtOnce = (log: readonly Frame[]) => {
  const frames = new LogFrames()
  return [...frames.take(Buffer.concat(answer(log, LOG_START, false))), ...frames.end()].map(({ message }) => message)
}

/** Streams that race: every frame's time is up to 300 ms off its order, and some come late by 1.5 s. */
const racing = Array.from({ length: 600 }, (_, i): Frame => {
  const late = i % 50 === 49 ? 1500 : 0
  return { stream: i % 3 === 0 ? 2 : 1, at: 2000 + i * 100 - ((i * 7919) % 300) - late, text: `line ${i}\n` }
})

describe.each([false, true])(
  'a log that is broken off whenever a line is whole, from an engine that is newer: %s',
  (newer) => {
    test('whose times are not in order has each line once', () => {
      const { lines, most } = readInSteps(racing, newer)
      expect(lines).toEqual(racing.map(({ text }) => text.trimEnd()))
      expect(most).toBeLessThan(80) // it need not begin at the log's beginning each time
    })

    test('with many lines of one time has each once', () => {
      const log = Array.from({ length: 50 }, (_, i): Frame => ({ stream: 1, at: 5, text: `line ${i}\n` }))
      expect(readInSteps(log, newer).lines).toEqual(readAtOnce(log))
    })

    test('with a line in parts that all bear its first time has it whole', () => {
      const log: Frame[] = [
        { stream: 1, at: 0, text: 'before\n' },
        { stream: 1, at: 1, text: 'long,' },
        ...Array.from({ length: 8 }, (_, i): Frame => ({ stream: 2, at: 2 + i * 1000, text: `other ${i}\n` })),
        { stream: 1, at: 1, text: ' longer,' },
        { stream: 1, at: 1, text: ' over\n' },
        ...Array.from({ length: 8 }, (_, i): Frame => ({ stream: 2, at: 9000 + i * 1000, text: `after ${i}\n` })),
      ]
      const lines = readAtOnce(log)
      expect(lines).toHaveLength(18)
      expect(lines).toContain('long, longer, over')
      const { lines: again } = readInSteps(log, newer)
      expect(again).toEqual(lines)
    })
  },
)

test('what waits for the end of a line on the other stream is bounded', () => {
  const log: Frame[] = [{ stream: 1, at: 0, text: 'never ended' }]
  for (let i = 0; i < 30_000; i++) log.push({ stream: 2, at: 1, text: '\n' })
  expect(new LogFrames().take(Buffer.concat(answer(log, LOG_START, false))).length).toBeGreaterThan(20_000)
})
