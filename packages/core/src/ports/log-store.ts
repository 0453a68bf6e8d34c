import type { Scope } from '../caller.ts'

export interface LogEvent {
  readonly timestamp: Date
  readonly message: string
}

export interface StoredLogEvent extends LogEvent {
  /** When the store took it. */
  readonly ingested: Date
  /** Place in the stream: 0 for the first event, without gaps; the order of events is this order for ever. */
  readonly sequence: number
}

export interface LogGroup {
  readonly name: string
  readonly created: Date
  readonly retentionDays?: number
  readonly storedBytes: number
}

export interface LogStream {
  readonly name: string
  readonly created: Date
  readonly firstEvent?: Date
  readonly lastEvent?: Date
  readonly lastIngested?: Date
  readonly storedBytes: number
  /** Number of events, which is the next event's sequence. */
  readonly events: number
}

export interface LogRead {
  /** First sequence to return (ascending), or the one after the last (descending). */
  readonly from: number
  readonly direction: 'forward' | 'backward'
  readonly limit: number
  /** Bytes of messages in a page at most; AWS: 1 MiB. */
  readonly maxBytes: number
  /** Inclusive. */
  readonly startTime?: Date
  /** Exclusive. */
  readonly endTime?: Date
}

/** Thrown where a group or a stream that a call needs is not there (any more). */
export class LogStreamMissing extends Error {
  override readonly name = 'LogStreamMissing'
}

/** Append-only streams of lines. Appends are durable against `kill -9` of the server when they resolve. */
export interface LogStore {
  /** False where it is there already. */
  createGroup(scope: Scope, group: string, created: Date): Promise<boolean>
  /** False where it is there already; throws `LogStreamMissing` where the group is not. */
  createStream(scope: Scope, group: string, stream: string, created: Date): Promise<boolean>
  deleteGroup(scope: Scope, group: string): Promise<boolean>
  deleteStream(scope: Scope, group: string, stream: string): Promise<boolean>
  setRetention(scope: Scope, group: string, days: number | undefined): Promise<boolean>
  getGroup(scope: Scope, group: string): Promise<LogGroup | undefined>
  getStream(scope: Scope, group: string, stream: string): Promise<LogStream | undefined>
  /** In name order. */
  groups(scope: Scope): Promise<readonly LogGroup[]>
  /** `prefix` is asked for by clients that poll one job's streams: a store may leave the others out, and should. */
  streams(scope: Scope, group: string, prefix?: string): Promise<readonly LogStream[]>
  /**
   * Adds events and, in the same atomic step, the place in the source up to which they reach. A reader of a
   * task's log goes on from `sourceCursor`, so that no line is lost or doubled over a crash.
   * Throws `LogStreamMissing` where there is no such stream, as `sourceCursor` and `read` do.
   */
  append(scope: Scope, group: string, stream: string, events: readonly LogEvent[], sourceCursor?: string): Promise<void>
  sourceCursor(scope: Scope, group: string, stream: string): Promise<string | undefined>
  /** Always in ascending sequence; `next` goes on after the last event of the page, `previous` before its first. */
  read(
    scope: Scope,
    group: string,
    stream: string,
    query: LogRead,
  ): Promise<{ readonly events: readonly StoredLogEvent[]; readonly previous: number; readonly next: number }>
  close(): Promise<void>
}
