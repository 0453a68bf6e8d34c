import { setImmediate } from 'node:timers/promises'
import type { Engine, LogEvent, LogStore, Scope } from '@sagebrush/core'

/** The stream that a task's lines go to. */
export interface LogTarget {
  readonly scope: Scope
  readonly group: string
  readonly stream: string
  readonly created: Date
  /** Lines of ours before the task's own: which image stood in, which role was made. */
  readonly header: readonly string[]
}

interface Source {
  readonly target: LogTarget
  /** Lines of ours that are not stored yet. */
  readonly said: LogEvent[]
  /** Up to where the task's lines are stored; undefined until the store was asked. */
  cursor: string | undefined
  preparing: Promise<string> | undefined
  running: Promise<void> | undefined
  queued: Promise<void> | undefined
}

/** The stored cursor while only the header was written. No engine gives it: theirs are opaque but never empty. */
const HEADER_ONLY = 'sagebrush:header'

/**
 * Copies tasks' lines into log streams, each line exactly once over any crash: lines and the place up to which they
 * reach are stored in one step. For one task never two passes at a time, or both would store the same lines.
 */
export class LogPump {
  readonly #engine: Pick<Engine, 'logs'>
  readonly #logs: LogStore
  readonly #sources = new Map<string, Source>()

  constructor(engine: Pick<Engine, 'logs'>, logs: LogStore) {
    this.#engine = engine
    this.#logs = logs
  }

  /** Names the stream of a task; the first name stays. */
  open(taskId: string, target: LogTarget): void {
    if (this.#sources.has(taskId)) return
    this.#sources.set(taskId, {
      target,
      said: [],
      cursor: undefined,
      preparing: undefined,
      running: undefined,
      queued: undefined,
    })
  }

  /** Has the next pass add a line of ours after the task's; it is lost where the server dies before. */
  say(taskId: string, line: LogEvent): void {
    this.#sources.get(taskId)?.said.push(line)
  }

  /** Resolves once the task's group and stream are there, with our lines in it. */
  async prepare(taskId: string): Promise<void> {
    const source = this.#sources.get(taskId)
    if (source) await this.#prepared(source)
  }

  /**
   * Resolves once every line that the task had printed before the call is stored, and perhaps never while it prints
   * faster than lines can be stored: wait for it only when the task has ended. Unknown tasks have no lines.
   */
  pump(taskId: string): Promise<void> {
    const source = this.#sources.get(taskId)
    if (!source) return Promise.resolve()
    // The pass under way may have looked already; one more sees all, however many ask for it meanwhile. Between the
    // end of the one and the start of the other nothing runs, and yet none may begin.
    if (source.queued) return source.queued
    if (!source.running) return this.#start(taskId, source)
    source.queued = source.running
      .catch(() => undefined)
      .then(() => {
        source.queued = undefined
        return this.#start(taskId, source)
      })
    return source.queued
  }

  forget(taskId: string): void {
    this.#sources.delete(taskId)
  }

  #start(taskId: string, source: Source): Promise<void> {
    source.running = this.#pass(taskId, source).finally(() => {
      source.running = undefined
    })
    return source.running
  }

  async #pass(taskId: string, source: Source): Promise<void> {
    const { scope, group, stream } = source.target
    try {
      source.cursor = await this.#prepared(source)
      for (;;) {
        const after = source.cursor === HEADER_ONLY ? undefined : source.cursor
        const { lines, cursor } = await this.#engine.logs(taskId, after)
        if (lines.length === 0) {
          const said = [...source.said]
          if (said.length > 0) await this.#logs.append(scope, group, stream, said, source.cursor)
          source.said.splice(0, said.length)
          return
        }
        await this.#logs.append(scope, group, stream, lines, cursor)
        source.cursor = cursor
        // A store that answers from memory must not keep the thread from everybody else.
        await setImmediate()
      }
    } catch (error) {
      // A user may have deleted the group meanwhile: the next pass makes it again and asks the store where it stands.
      source.cursor = undefined
      source.preparing = undefined
      throw error
    }
  }

  /** The cursor to go on from. Asked for by several at once, the stream is made once. */
  async #prepared(source: Source): Promise<string> {
    if (source.cursor !== undefined) return source.cursor
    source.preparing ??= this.#prepare(source.target)
    try {
      const cursor = await source.preparing
      source.cursor ??= cursor
      return source.cursor
    } catch (error) {
      source.preparing = undefined
      throw error
    }
  }

  async #prepare(target: LogTarget): Promise<string> {
    const { scope, group, stream, created } = target
    await this.#logs.createGroup(scope, group, created)
    await this.#logs.createStream(scope, group, stream, created)
    const stored = await this.#logs.sourceCursor(scope, group, stream)
    if (stored !== undefined) return stored
    const events = target.header.map((message) => ({ timestamp: created, message }))
    await this.#logs.append(scope, group, stream, events, HEADER_ONLY)
    return HEADER_ONLY
  }
}
