/** How long one request goes before: what takes longer waits for something else than this thread. */
const urgentMs = 10
/** So long after a request others are expected: bulk work keeps a pace that leaves them room. */
const expectedMs = 500
/** The time of one slice of bulk work then, of all that is under way: 256 KiB each 2 ms are what a gigabit network brings. */
const sliceMs = 2
/** Slices that were late may come at once, as timers have whole milliseconds. */
const mostLateMs = 8

/**
 * Between work that somebody waits for and bulk work of the same machine: an upload of gigabytes lets a request for
 * a prediction pass, and while such requests come it is no faster than a network would be, so that they find the
 * processors free.
 *
 * ```ts
 * const done = rightOfWay.begin()        // a request
 * await rightOfWay.giveWay()             // an upload, between two slices
 * done()
 * ```
 */
export class RightOfWay {
  #requests = 0
  #urgentUntil = Number.NEGATIVE_INFINITY
  /** When the next slice has its turn, while requests come. */
  #nextSlice = Number.NEGATIVE_INFINITY
  readonly #waiting = new Set<() => void>()

  /** Something urgent begins; the caller calls what this returns, once, at its end. */
  begin(): () => void {
    this.#requests++
    this.#urgentUntil = performance.now() + urgentMs
    return () => {
      this.#requests--
      if (this.#requests === 0) this.#wake()
    }
  }

  /**
   * Resolves after other events had their turn; while requests come, when the next slice of all bulk work is due, and
   * not while something urgent is under way, for 10 ms at most.
   */
  async giveWay(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve))
    const now = performance.now()
    if (now < this.#urgentUntil + expectedMs) {
      this.#nextSlice = Math.max(this.#nextSlice, now - mostLateMs) + sliceMs
      const earlyMs = this.#nextSlice - now
      if (earlyMs > 0) await new Promise((resolve) => setTimeout(resolve, earlyMs))
    }
    const leftMs = this.#urgentUntil - performance.now()
    if (this.#requests === 0 || leftMs <= 0) return
    await new Promise<void>((resolve) => {
      const resume = () => {
        clearTimeout(late)
        this.#waiting.delete(resume)
        resolve()
      }
      const late = setTimeout(resume, leftMs)
      this.#waiting.add(resume)
    })
  }

  #wake(): void {
    // The answer of the last request goes out first.
    if (this.#waiting.size > 0)
      setImmediate(() => {
        for (const resume of this.#waiting) resume()
      })
  }
}
