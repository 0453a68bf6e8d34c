import { createRequire } from 'node:module'
import type { RoutedInstance, TaskAddress } from '@sagebrush/core'
import type { Pool } from 'undici'
import type { RuntimeConfig } from './config.ts'

/** Shorter than any server's own: a connection that the server closes just now would fail a request. */
const KEEP_ALIVE_MS = 1_500

const require = createRequire(import.meta.url)

/** Connections to one serving task, and how many requests it has. */
export class Instance {
  readonly routed: RoutedInstance
  readonly pool: Pool
  active = 0
  #onDrained: (() => void) | undefined

  constructor(routed: RoutedInstance, config: RuntimeConfig) {
    this.routed = routed
    // Loaded with the first instance: a sixth of the server's start would go into it.
    const undici: typeof import('undici') = require('undici')
    this.pool = new undici.Pool(originOf(routed.address), {
      connections: config.concurrencyPerInstance,
      pipelining: 1,
      keepAliveTimeout: KEEP_ALIVE_MS,
      keepAliveMaxTimeout: KEEP_ALIVE_MS,
      headersTimeout: config.invocationTimeoutMs,
      bodyTimeout: config.invocationTimeoutMs,
      ...('socketPath' in routed.address ? { socketPath: routed.address.socketPath } : {}),
    })
  }

  begin(): void {
    this.active++
  }

  end(): void {
    this.active--
    this.#closeIfDrained()
  }

  /** No more requests will come: connections close with the last one, and then `onDrained` is called. */
  retire(onDrained: () => void): void {
    this.#onDrained = onDrained
    this.#closeIfDrained()
  }

  /** Takes requests again. */
  keep(): void {
    this.#onDrained = undefined
  }

  /** Ends everything at once. */
  destroy(): Promise<void> {
    return this.pool.destroy()
  }

  #closeIfDrained(): void {
    if (!this.#onDrained || this.active > 0) return
    this.#onDrained()
    void this.pool.close()
  }
}

function originOf(address: TaskAddress): string {
  if ('socketPath' in address) return 'http://localhost'
  return `http://${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`
}
