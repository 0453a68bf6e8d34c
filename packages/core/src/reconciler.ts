/** How one kind of resource is brought from what is observed to what is wanted. */
export interface ReconcilerOptions {
  /** For the log. */
  readonly kind: string
  /**
   * One step for one key: load, act, apply. May be repeated at any time. Resolves to the milliseconds after which
   * it wants to be called again without a hint, or undefined when the resource is at rest.
   */
  readonly step: (key: string) => Promise<number | undefined>
  /** A step that throws is logged here and tried again after a growing delay (0.2 s to 30 s). */
  readonly onError: (key: string, error: unknown) => void
  /** Steps under way at once; default 16. */
  readonly concurrency?: number
}

interface Entry {
  running: boolean
  again: boolean
  failures: number
  timer: NodeJS.Timeout | undefined
}

const FIRST_RETRY_MS = 200
const LAST_RETRY_MS = 30_000

/**
 * Runs steps: at once on a hint, later on a timer, never two for one key at a time. A hint that comes while a step
 * runs makes it run once more, so no change is missed.
 */
export class Reconciler {
  readonly #options: ReconcilerOptions
  readonly #entries = new Map<string, Entry>()
  readonly #ready: string[] = []
  #active = 0
  #closed = false
  #idle: (() => void) | undefined

  constructor(options: ReconcilerOptions) {
    this.#options = options
  }

  hint(key: string): void {
    if (this.#closed) return
    const entry = this.#entries.get(key) ?? { running: false, again: false, failures: 0, timer: undefined }
    this.#entries.set(key, entry)
    clearTimeout(entry.timer)
    entry.timer = undefined
    if (entry.running || entry.again) {
      entry.again = true
      return
    }
    entry.again = true
    this.#ready.push(key)
    this.#pump()
  }

  /** Takes no new work and resolves when the steps under way have ended. */
  async close(): Promise<void> {
    this.#closed = true
    for (const entry of this.#entries.values()) clearTimeout(entry.timer)
    this.#ready.length = 0
    if (this.#active > 0) await new Promise<void>((resolve) => (this.#idle = resolve))
  }

  #pump(): void {
    while (this.#active < (this.#options.concurrency ?? 16)) {
      const key = this.#ready.shift()
      if (key === undefined) return
      void this.#run(key)
    }
  }

  async #run(key: string): Promise<void> {
    const entry = this.#entries.get(key)
    if (!entry) return
    this.#active++
    entry.running = true
    entry.again = false
    let delayMs: number | undefined
    try {
      delayMs = await this.#options.step(key)
      entry.failures = 0
    } catch (error) {
      this.#options.onError(key, error)
      delayMs = Math.min(FIRST_RETRY_MS * 2 ** entry.failures++, LAST_RETRY_MS)
    }
    entry.running = false
    this.#active--
    this.#next(key, entry, delayMs)
    this.#pump()
    if (this.#closed && this.#active === 0) this.#idle?.()
  }

  #next(key: string, entry: Entry, delayMs: number | undefined): void {
    if (this.#closed) return
    if (entry.again) this.#ready.push(key)
    else if (delayMs === undefined) this.#entries.delete(key)
    else entry.timer = setTimeout(() => this.hint(key), delayMs)
  }
}
