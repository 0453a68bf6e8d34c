import {
  type LogEvent,
  type LogGroup,
  type LogRead,
  type LogStore,
  type LogStream,
  LogStreamMissing,
  type Scope,
  type StoredLogEvent,
  scopeKey,
} from '@sagebrush/core'
import { compareUtf8 } from './utf8-order.ts'

interface MemoryStream {
  readonly created: Date
  readonly events: StoredLogEvent[]
  sourceCursor?: string
}

interface MemoryGroup {
  readonly created: Date
  retentionDays?: number
  readonly streams: Map<string, MemoryStream>
}

/** The reference driver: the port's semantics in maps, nothing durable. For services' unit tests. */
export function memoryLogStore(now: () => Date = () => new Date()): LogStore {
  return new MemoryLogStore(now)
}

class MemoryLogStore implements LogStore {
  readonly #now: () => Date
  readonly #scopes = new Map<string, Map<string, MemoryGroup>>()

  constructor(now: () => Date) {
    this.#now = now
  }

  #groups(scope: Scope): Map<string, MemoryGroup> {
    const groups = this.#scopes.get(scopeKey(scope)) ?? new Map<string, MemoryGroup>()
    this.#scopes.set(scopeKey(scope), groups)
    return groups
  }

  #stream(scope: Scope, group: string, stream: string): MemoryStream {
    const found = this.#groups(scope).get(group)?.streams.get(stream)
    if (!found) throw new LogStreamMissing(`There is no log stream "${stream}" in the group "${group}"`)
    return found
  }

  async createGroup(scope: Scope, group: string, created: Date): Promise<boolean> {
    if (this.#groups(scope).has(group)) return false
    this.#groups(scope).set(group, { created, streams: new Map() })
    return true
  }

  async createStream(scope: Scope, group: string, stream: string, created: Date): Promise<boolean> {
    const streams = this.#groups(scope).get(group)?.streams
    if (!streams) throw new LogStreamMissing(`There is no log group "${group}"`)
    if (streams.has(stream)) return false
    streams.set(stream, { created, events: [] })
    return true
  }

  async deleteGroup(scope: Scope, group: string): Promise<boolean> {
    return this.#groups(scope).delete(group)
  }

  async deleteStream(scope: Scope, group: string, stream: string): Promise<boolean> {
    return this.#groups(scope).get(group)?.streams.delete(stream) ?? false
  }

  async setRetention(scope: Scope, group: string, days: number | undefined): Promise<boolean> {
    const found = this.#groups(scope).get(group)
    if (!found) return false
    if (days === undefined) delete found.retentionDays
    else found.retentionDays = days
    return true
  }

  async getGroup(scope: Scope, group: string): Promise<LogGroup | undefined> {
    const found = this.#groups(scope).get(group)
    return found && describeGroup(group, found)
  }

  async getStream(scope: Scope, group: string, stream: string): Promise<LogStream | undefined> {
    const found = this.#groups(scope).get(group)?.streams.get(stream)
    return found && describeStream(stream, found)
  }

  async groups(scope: Scope): Promise<readonly LogGroup[]> {
    const groups = [...this.#groups(scope)].sort(([a], [b]) => compareUtf8(a, b))
    return groups.map(([name, group]) => describeGroup(name, group))
  }

  async streams(scope: Scope, group: string): Promise<readonly LogStream[]> {
    const streams = [...(this.#groups(scope).get(group)?.streams ?? [])].sort(([a], [b]) => compareUtf8(a, b))
    return streams.map(([name, stream]) => describeStream(name, stream))
  }

  async append(scope: Scope, group: string, stream: string, events: readonly LogEvent[], sourceCursor?: string) {
    const found = this.#stream(scope, group, stream)
    const ingested = this.#now()
    for (const { timestamp, message } of events)
      found.events.push({ timestamp, message, ingested, sequence: found.events.length })
    if (sourceCursor !== undefined) found.sourceCursor = sourceCursor
  }

  async sourceCursor(scope: Scope, group: string, stream: string): Promise<string | undefined> {
    return this.#stream(scope, group, stream).sourceCursor
  }

  async read(scope: Scope, group: string, stream: string, query: LogRead) {
    const { events } = this.#stream(scope, group, stream)
    const forward = query.direction === 'forward'
    const from = Math.min(Math.max(query.from, 0), events.length)
    const candidates = forward ? events.slice(from) : events.slice(0, from).reverse()
    const page: StoredLogEvent[] = []
    let bytes = 0
    let full = false
    for (const event of candidates) {
      if (!within(event, query)) continue
      const size = Buffer.byteLength(event.message)
      full = page.length === query.limit || (page.length > 0 && bytes + size > query.maxBytes)
      if (full) break
      page.push(event)
      bytes += size
    }
    if (!forward) page.reverse()
    const edge = full ? undefined : forward ? events.length : 0
    const first = page[0]?.sequence ?? from
    const last = page.at(-1)
    const after = last ? last.sequence + 1 : from
    return forward
      ? { events: page, previous: first, next: edge ?? after }
      : { events: page, previous: edge ?? first, next: after }
  }

  async close(): Promise<void> {}
}

function within({ timestamp }: LogEvent, { startTime, endTime }: LogRead): boolean {
  return (!startTime || timestamp >= startTime) && (!endTime || timestamp < endTime)
}

function describeGroup(name: string, { created, retentionDays, streams }: MemoryGroup): LogGroup {
  const storedBytes = [...streams].reduce((sum, [stream, it]) => sum + describeStream(stream, it).storedBytes, 0)
  return { name, created, ...(retentionDays === undefined ? {} : { retentionDays }), storedBytes }
}

function describeStream(name: string, { created, events }: MemoryStream): LogStream {
  const storedBytes = events.reduce((sum, { message }) => sum + Buffer.byteLength(message), 0)
  const last = events.at(-1)
  if (!last) return { name, created, storedBytes, events: 0 }
  const times = events.map(({ timestamp }) => timestamp.getTime())
  const range = times.reduce(([low, high], time) => [Math.min(low, time), Math.max(high, time)] as const, [
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
  ] as readonly [number, number])
  return {
    name,
    created,
    firstEvent: new Date(range[0]),
    lastEvent: new Date(range[1]),
    lastIngested: last.ingested,
    storedBytes,
    events: events.length,
  }
}
