/** One piece of work: says what is being done, and ends with all that it has started where `signal` is aborted. */
export type Work<T> = (tell: (message: string) => void, signal: AbortSignal) => Promise<T>

interface Order<T> {
  readonly abort: AbortController
  readonly made: Promise<T>
  /** What hears of the progress, one for each who waits. */
  readonly waiting: Set<(message: string) => void>
  lastMessage?: string
}

/** Work of which each piece is done once for all who wait for it, and only while somebody does. */
export class SharedWork<T> {
  readonly #orders = new Map<string, Order<T>>()
  #closed = false

  /** Where `signal` is aborted it rejects at once, for the last one who waits when the work has ended. */
  async wait(key: string, work: Work<T>, onProgress: (message: string) => void, signal: AbortSignal): Promise<T> {
    signal.throwIfAborted()
    const order = this.#orders.get(key) ?? this.#begin(key, work)
    const hear = (message: string) => onProgress(message)
    order.waiting.add(hear)
    if (order.lastMessage !== undefined) hear(order.lastMessage)
    try {
      return await untilAborted(order.made, signal)
    } finally {
      order.waiting.delete(hear)
      if (order.waiting.size === 0 && !this.#closed) await this.#end(key, order)
    }
  }

  /** From now on nobody's leaving ends any work. */
  close(): void {
    this.#closed = true
  }

  #begin(key: string, work: Work<T>): Order<T> {
    const abort = new AbortController()
    const waiting: Order<T>['waiting'] = new Set()
    const tell = (message: string) => {
      order.lastMessage = message
      for (const hear of waiting) hear(message)
    }
    const { promise: made, resolve } = Promise.withResolvers<T>()
    const order: Order<T> = { abort, made, waiting }
    this.#orders.set(key, order)
    // It may have something to say at once.
    resolve(work(tell, abort.signal).finally(() => this.#forget(key, order)))
    made.catch(() => {}) // those who wait hear of it, and there may be none any more
    return order
  }

  async #end(key: string, order: Order<T>): Promise<void> {
    // Whoever comes now begins anew.
    this.#forget(key, order)
    order.abort.abort()
    await order.made.catch(() => {})
  }

  #forget(key: string, order: Order<T>): void {
    if (this.#orders.get(key) === order) this.#orders.delete(key)
  }
}

async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return await new Promise<T>((resolve, reject) => {
    const give = () => reject(signal.reason)
    signal.addEventListener('abort', give, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', give))
  })
}
