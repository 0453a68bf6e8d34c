/**
 * Tells those who wait that a resource may have changed: a commit publishes, a held Describe and the reconciler
 * listen. Keys are `kind/account/region/name`. Nothing is stored: a lost hint costs a timer's period, no more.
 */
export class Hints {
  readonly #listeners = new Map<string, Set<() => void>>()
  readonly #all = new Set<(key: string) => void>()

  publish(key: string): void {
    for (const listener of this.#all) listener(key)
    for (const listener of this.#listeners.get(key) ?? []) listener()
  }

  /** Every key that is published, until the returned function is called. */
  onAny(listener: (key: string) => void): () => void {
    this.#all.add(listener)
    return () => this.#all.delete(listener)
  }

  /** Resolves to true at the next publish of `key`, to false at the time-out or the signal. */
  next(key: string, timeoutMs: number, signal?: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const listeners = this.#listeners.get(key) ?? new Set()
      this.#listeners.set(key, listeners)
      const finish = (changed: boolean) => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', onAbort)
        listeners.delete(onPublish)
        if (listeners.size === 0 && this.#listeners.get(key) === listeners) this.#listeners.delete(key)
        resolve(changed)
      }
      const onPublish = () => finish(true)
      const onAbort = () => finish(false)
      const timer = setTimeout(() => finish(false), timeoutMs)
      listeners.add(onPublish)
      signal?.addEventListener('abort', onAbort, { once: true })
      if (signal?.aborted) onAbort()
    })
  }
}
