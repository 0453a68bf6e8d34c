import { readStop, recordStop } from '@sagebrush/task-folder'
import { findContainer } from './container.ts'
import { type EngineApi, EngineApiError } from './engine-api.ts'
import { containerName } from './options.ts'

/** Ends containers as was asked for: SIGTERM at once, SIGKILL when the grace is over, also over a server's restart. */
export class Stops {
  readonly #api: EngineApi
  readonly #root: string
  readonly #timers = new Map<string, NodeJS.Timeout>()

  constructor(api: EngineApi, root: string) {
    this.#api = api
    this.#root = root
  }

  async ask(id: string, graceMs: number): Promise<void> {
    const stop = await recordStop(this.#root, id, graceMs)
    if (stop.graceMs > 0) await this.#signal(id, 'SIGTERM')
    this.#arm(id, stop.asked + stop.graceMs)
  }

  /** Goes on with what a server before asked for. */
  async takeUp(id: string): Promise<void> {
    const stop = await readStop(this.#root, id)
    if (!stop || this.#timers.has(id)) return
    await this.#signal(id, 'SIGTERM')
    this.#arm(id, stop.asked + stop.graceMs)
  }

  forget(id: string): void {
    clearTimeout(this.#timers.get(id))
    this.#timers.delete(id)
  }

  close(): void {
    for (const id of [...this.#timers.keys()]) this.forget(id)
  }

  #arm(id: string, at: number): void {
    clearTimeout(this.#timers.get(id))
    const timer = setTimeout(
      () => this.#signal(id, 'SIGKILL').catch(() => this.#arm(id, Date.now() + 1000)),
      Math.max(0, at - Date.now()),
    )
    timer.unref()
    this.#timers.set(id, timer)
  }

  async #signal(id: string, signal: string): Promise<void> {
    try {
      const name = containerName(this.#root, id)
      await this.#api.call('POST', `/containers/${name}/kill`, { query: { signal } })
      // Docker itself does so only for the signal that the container has as its stop signal.
      const container = await findContainer(this.#api, name)
      if (container?.status === 'paused') await this.#api.call('POST', `/containers/${name}/unpause`)
    } catch (error) {
      // Gone, or ended by itself: what was wanted.
      if (!(error instanceof EngineApiError && (error.status === 404 || error.status === 409))) throw error
    }
  }
}
