import { findContainer } from './container.ts'
import type { EngineApi } from './engine-api.ts'
import { LogFrames, type PlacedLine, sizeOf } from './log-frames.ts'
import type { LogPlace } from './log-place.ts'

/** So much is kept until somebody takes it; the rest waits at the engine. */
const MOST_WAITING_BYTES = 2 * 1024 * 1024

/** Until an answer that ended though its container runs is asked for anew. */
const AGAIN_MS = 200

/** Until an answer that goes on though its container has ended is taken for over, where nothing comes any more. */
const SILENT_MS = 2_000

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
  #reading = new AbortController()
  #phase: 'catching-up' | 'following' | 'over' = 'catching-up'
  #wake: (() => void)[] = []
  #goOn: () => void = () => {}
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
      const late = this.#phase === 'following' ? setTimeout(() => this.#reading.abort(), SILENT_MS) : undefined
      await new Promise<void>((resolve) => this.#wake.push(resolve))
      clearTimeout(late)
    }
    const lines = this.#lines
    this.#lines = []
    this.#bytes = 0
    this.#place = lines.at(-1)?.place ?? this.#place
    this.#goOn()
    return lines
  }

  close(): void {
    this.#closed = true
    this.#reading.abort()
    this.#goOn()
    this.#tell()
  }

  async #run(): Promise<void> {
    try {
      await this.#read(false)
      if (this.#closed) return
      this.#phase = 'following'
      this.#tell()
      // An engine that is stopped ends its answers though the container may run on.
      do await this.#follow()
      while (!this.#closed && (await this.#goesOn()))
      // Docker may also end them, with the container, before a slow reader has had all.
      if (!this.#closed && (await this.#lacks())) await this.#read(false)
      this.#keep(this.#frames.end())
      this.#phase = 'over'
    } catch (error) {
      this.#failure = error
    } finally {
      this.#tell()
      if (!this.#closed) this.#changed()
    }
  }

  /** Whether the container may print more. */
  async #goesOn(): Promise<boolean> {
    const container = await findContainer(this.#api, this.#container)
    // One that could not be started has said all that it will; `created` is no state to wait in.
    if (container?.status !== 'running' && container?.status !== 'paused') return false
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS).unref())
    return true
  }

  /** Podman now and then never ends an answer that was asked for just as its container ended: `take` breaks it off. */
  async #follow(): Promise<void> {
    try {
      await this.#read(true)
    } catch (error) {
      if (!this.#reading.signal.aborted) throw error
    }
  }

  async #read(follow: boolean): Promise<void> {
    const from = this.#lines.at(-1)?.place ?? this.#place
    this.#frames = new LogFrames(from)
    this.#reading = new AbortController()
    if (this.#closed) this.#reading.abort()
    const response = await this.#api.stream('GET', `/containers/${this.#container}/logs`, {
      query: { stdout: true, stderr: true, timestamps: true, follow, ...(from.at !== '' && { since: from.at }) },
      signal: this.#reading.signal,
    })
    for await (const chunk of response) {
      this.#keep(this.#frames.take(chunk))
      while (this.#bytes > MOST_WAITING_BYTES && !this.#closed) {
        await new Promise<void>((resolve) => {
          this.#goOn = resolve
        })
      }
    }
  }

  /** Whether the log has a frame after the one that was read last. */
  async #lacks(): Promise<boolean> {
    const query = { stdout: true, stderr: true, timestamps: true, tail: 1 }
    const response = await this.#api.stream('GET', `/containers/${this.#container}/logs`, { query })
    const tail = new LogFrames()
    for await (const chunk of response) tail.take(chunk)
    return tail.at !== this.#frames.at
  }

  #keep(lines: readonly PlacedLine[]): void {
    if (lines.length === 0) return
    this.#lines.push(...lines)
    for (const line of lines) this.#bytes += sizeOf(line)
    this.#tell()
    this.#changed()
  }

  #tell(): void {
    for (const wake of this.#wake.splice(0)) wake()
  }
}
