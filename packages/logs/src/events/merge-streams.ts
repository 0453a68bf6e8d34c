import {
  type LogRead,
  type LogStore,
  type LogStream,
  LogStreamMissing,
  type Scope,
  type StoredLogEvent,
} from '@sagebrush/core'
import { latest } from './latest.ts'

/** A place in the merged events of a group: every event up to it was given out. */
export interface MergePlace {
  /** Time of the last event that was looked at. */
  readonly time: number
  /** The next sequence of every stream that has been begun and may have more. */
  readonly next: Readonly<Record<string, number>>
}

export interface MergedEvent {
  readonly stream: string
  readonly event: StoredLogEvent
}

export interface MergeOptions {
  readonly logStore: LogStore
  readonly scope: Scope
  readonly group: string
  readonly streams: readonly LogStream[]
  readonly startTime: Date | undefined
  readonly endTime: Date | undefined
  readonly after: MergePlace | undefined
}

const PAGE_EVENTS = 1000
const PAGE_BYTES = 262_144

interface Cursor {
  readonly stream: LogStream
  readonly startTime: Date | undefined
  next: number
  buffer: readonly StoredLogEvent[]
  at: number
}

/**
 * The events of several streams by time; a stream's own events stay in its order. A stream is opened only when the
 * time has come to its first event, so a group of many short streams costs what is read of it.
 */
export class MergedStreams {
  readonly #options: MergeOptions
  /** Not begun yet, the earliest last. */
  readonly #waiting: LogStream[]
  readonly #live = new Set<Cursor>()
  readonly #begun = new Map<string, Cursor>()
  #time: number
  #best: Cursor | undefined

  constructor(options: MergeOptions) {
    this.#options = options
    const { startTime, endTime, after } = options
    this.#time = after?.time ?? Number.NEGATIVE_INFINITY
    this.#waiting = options.streams
      .filter(({ firstEvent, lastEvent }) => {
        if (!firstEvent || !lastEvent) return false
        return (!startTime || lastEvent >= startTime) && (!endTime || firstEvent < endTime)
      })
      .filter(({ name, lastEvent }) => !after || isBegun(after, name) || timeOf(lastEvent) >= after.time)
      .sort((a, b) => timeOf(b.firstEvent) - timeOf(a.firstEvent) || (a.name < b.name ? 1 : -1))
  }

  /** The next event, or undefined where there is none now. Stays the next until it is taken. */
  async peek(): Promise<MergedEvent | undefined> {
    this.#best = await this.#earliest()
    const event = this.#best?.buffer[this.#best.at]
    return this.#best && event && { stream: this.#best.stream.name, event }
  }

  /** Passes over the event that `peek` gave. */
  take(): void {
    const event = this.#best?.buffer[this.#best.at]
    if (!this.#best || !event) return
    this.#best.at++
    this.#best.next = event.sequence + 1
    this.#time = Math.max(this.#time, event.timestamp.getTime())
  }

  /**
   * Where to go on after the last event that was taken. Streams that ended before need not be remembered; one that an
   * earlier page began is, also where its first event lies after all that this page has looked at.
   */
  place(): MergePlace {
    const { after } = this.#options
    const waiting = this.#waiting.flatMap((stream) =>
      after && isBegun(after, stream.name) ? [{ stream, next: after.next[stream.name] ?? 0 }] : [],
    )
    const going = [...waiting, ...this.#begun.values()].filter(({ stream }) => timeOf(stream.lastEvent) >= this.#time)
    return { time: this.#time, next: Object.fromEntries(going.map(({ stream, next }) => [stream.name, next])) }
  }

  async #earliest(): Promise<Cursor | undefined> {
    let best: Cursor | undefined
    for (const cursor of this.#live) {
      if (cursor.at === cursor.buffer.length) await this.#fill(cursor)
      if (headOf(cursor) < headOf(best)) best = cursor
    }
    for (;;) {
      const stream = this.#waiting.at(-1)
      if (!stream || timeOf(stream.firstEvent) > headOf(best)) return best
      this.#waiting.pop()
      const cursor = this.#begin(stream)
      await this.#fill(cursor)
      if (headOf(cursor) < headOf(best)) best = cursor
    }
  }

  #begin(stream: LogStream): Cursor {
    const { after, startTime } = this.#options
    const known = after && isBegun(after, stream.name)
    const cursor: Cursor = {
      stream,
      // A stream that ended before the place was given out up to it; what it got since is later.
      startTime: after && !known ? latest(startTime, new Date(after.time)) : startTime,
      next: (known && after.next[stream.name]) || 0,
      buffer: [],
      at: 0,
    }
    this.#begun.set(stream.name, cursor)
    this.#live.add(cursor)
    return cursor
  }

  async #fill(cursor: Cursor): Promise<void> {
    const { logStore, scope, group, endTime } = this.#options
    const query: LogRead = {
      from: cursor.next,
      direction: 'forward',
      limit: PAGE_EVENTS,
      maxBytes: PAGE_BYTES,
      ...(cursor.startTime ? { startTime: cursor.startTime } : {}),
      ...(endTime ? { endTime } : {}),
    }
    const page = await logStore.read(scope, group, cursor.stream.name, query).catch((error: unknown) => {
      // Deleted since it was listed: it has no events any more.
      if (error instanceof LogStreamMissing) return { events: [] }
      throw error
    })
    cursor.buffer = page.events
    cursor.at = 0
    if (page.events.length === 0) this.#live.delete(cursor)
  }
}

function isBegun(place: MergePlace, stream: string): boolean {
  return Object.hasOwn(place.next, stream)
}

/** A cursor without an event comes after all others. */
function headOf(cursor: Cursor | undefined): number {
  return cursor?.buffer[cursor.at]?.timestamp.getTime() ?? Number.POSITIVE_INFINITY
}

function timeOf(time: Date | undefined): number {
  return time?.getTime() ?? Number.POSITIVE_INFINITY
}
