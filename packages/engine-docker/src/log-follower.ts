import type { IncomingMessage } from 'node:http'
import type { EngineApi } from './engine-api.ts'
import { LOG_START, LogFrames, type LogPlace, type PlacedLine } from './log-frames.ts'

/** So much is kept until somebody takes it; the rest waits at the engine. */
const MOST_WAITING_BYTES = 2 * 1024 * 1024

/**
 * Reads one container's log from a place on, and goes on with it as it grows: asking anew every time would have the
 * engine read the whole log every time. First what is there already (an answer that ends), then what comes.
 */
export class LogFollower {
  readonly #api: EngineApi
  readonly #container: string
  readonly #changed: () => void
  #frames: LogFrames
  #place: LogPlace
  #lines: PlacedLine[] = []
  #bytes = 0
  #response: IncomingMessage | undefined
  #phase: 'catching-up' | 'following' | 'over' = 'catching-up'
  #wake: (() => void)[] = []
  #closed = false
  #failure: unknown

  /** `running`: whether more may come. */
  constructor(api: EngineApi, container: string, place: LogPlace, changed: () => void) {
    this.#api = api
    this.#container = container
    this.#place = place
    this.#frames = new LogFrames(place)
    this.#changed = changed
    void this.#run()
  }

  /** Where the lines that were taken end: the follower serves whoever goes on from here. */
  get place(): LogPlace {
    return this.#place
  }

  /** True once the engine has said that no more will come, and all is taken. */
  get over(): boolean {
    return this.#phase === 'over' && this.#lines.length === 0
  }

  /**
   * Takes what is there. Waits for a first line while what the log held at the beginning is still read, or, with
   * `toEnd`, until the log is known to be over. Throws what broke the reading off; then a new follower is needed.
   */
  async take(toEnd: boolean): Promise<readonly PlacedLine[]> {
    while (this.#lines.length === 0 && !this.#closed) {
      if (this.#failure) throw this.#failure
      if (this.#phase === 'over' || (this.#phase === 'following' && !toEnd)) break
      await new Promise<void>((resolve) => this.#wake.push(resolve))
    }
    const lines = this.#lines
    this.#lines = []
    this.#bytes = 0
    this.#place = lines.at(-1)?.place ?? this.#place
    this.#response?.resume()
    return lines
  }

  close(): void {
    this.#closed = true
    this.#response?.destroy()
    this.#tell()
  }

  async #run(): Promise<void> {
    try {
      await this.#read(false)
      if (this.#closed) return
      this.#phase = 'following'
      this.#tell()
      await this.#read(true)
      this.#keep(this.#frames.end())
      this.#phase = 'over'
    } catch (error) {
      this.#failure = error
    } finally {
      this.#tell()
      this.#changed()
    }
  }

  async #read(follow: boolean): Promise<void> {
    const from = this.#lines.at(-1)?.place ?? this.#place
    this.#frames = new LogFrames(from)
    const response = await this.#api.stream('GET', `/containers/${this.#container}/logs`, {
      query: { stdout: true, stderr: true, timestamps: true, follow, ...(from !== LOG_START && { since: from.at }) },
    })
    if (this.#closed) response.destroy()
    this.#response = response
    for await (const chunk of response) {
      this.#keep(this.#frames.take(chunk))
      while (this.#bytes > MOST_WAITING_BYTES && !this.#closed) {
        await new Promise<void>((resolve) => response.pause().once('resume', resolve))
      }
    }
  }

  #keep(lines: readonly PlacedLine[]): void {
    if (lines.length === 0) return
    this.#lines.push(...lines)
    for (const { message } of lines) this.#bytes += message.length
    this.#tell()
    this.#changed()
  }

  #tell(): void {
    for (const wake of this.#wake.splice(0)) wake()
  }
}
