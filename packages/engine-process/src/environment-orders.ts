import type { ManagedImage } from '@sagebrush/core'
import {
  type Environment,
  type EnvironmentOptions,
  isEnvironmentReady,
  locateEnvironment,
  prepareEnvironment,
} from './environment.ts'

interface Order {
  readonly abort: AbortController
  readonly made: Promise<Environment>
  /** What hears of the progress, one for each who waits. */
  readonly waiting: Set<(message: string) => void>
  lastMessage?: string
}

/** The environments that are being made: each once for all who wait for it, and only while somebody does. */
export class EnvironmentOrders {
  readonly #orders = new Map<string, Order>()
  #closed = false

  /**
   * As `prepareEnvironment`. Where `signal` is aborted it rejects at once, for the last one who waits when the making
   * has ended.
   */
  async wait(
    image: Pick<ManagedImage, 'name' | 'version'>,
    options: EnvironmentOptions,
    onProgress: (message: string) => void,
    signal: AbortSignal,
  ): Promise<Environment> {
    const environment = locateEnvironment(image, options)
    if (await isEnvironmentReady(environment)) return environment
    signal.throwIfAborted()
    const order = this.#orders.get(environment.folder) ?? this.#begin(environment.folder, image, options)
    const hear = (message: string) => onProgress(message)
    order.waiting.add(hear)
    if (order.lastMessage !== undefined) hear(order.lastMessage)
    try {
      return await untilAborted(order.made, signal)
    } finally {
      order.waiting.delete(hear)
      if (order.waiting.size === 0 && !this.#closed) await this.#end(environment.folder, order)
    }
  }

  /** From now on nobody's leaving ends a making: the next server finds the environment ready, or waits for it. */
  close(): void {
    this.#closed = true
  }

  #begin(folder: string, image: Pick<ManagedImage, 'name' | 'version'>, options: EnvironmentOptions): Order {
    const abort = new AbortController()
    const waiting: Order['waiting'] = new Set()
    const tell = (message: string) => {
      order.lastMessage = message
      for (const hear of waiting) hear(message)
    }
    const made = prepareEnvironment(image, options, tell, abort.signal).finally(() => this.#forget(folder, order))
    made.catch(() => {}) // those who wait hear of it, and there may be none any more
    const order: Order = { abort, made, waiting }
    this.#orders.set(folder, order)
    return order
  }

  async #end(folder: string, order: Order): Promise<void> {
    // Whoever comes now begins anew, and waits for the old making's lock.
    this.#forget(folder, order)
    order.abort.abort()
    await order.made.catch(() => {})
  }

  #forget(folder: string, order: Order): void {
    if (this.#orders.get(folder) === order) this.#orders.delete(folder)
  }
}

async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return await new Promise<T>((resolve, reject) => {
    const give = () => reject(signal.reason)
    signal.addEventListener('abort', give, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', give))
  })
}
