/** How long one request goes before: what takes longer waits for something else than this thread. */
const urgentMs = 10

/**
 * Between work that somebody waits for and bulk work of the same thread: an upload of gigabytes lets a request for
 * a prediction pass.
 *
 * ```ts
 * const done = rightOfWay.begin()        // a request
 * await rightOfWay.giveWay()             // an upload, between two slices
 * done()
 * ```
 */
export class RightOfWay {
  #requests = 0
  #urgentUntil = 0
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

  /** Resolves after other events had their turn, and not while something urgent is under way, for 10 ms at most. */
  async giveWay(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve))
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
