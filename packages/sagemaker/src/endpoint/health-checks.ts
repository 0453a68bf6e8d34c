import type { Probe, TaskAddress } from '@sagebrush/core'

const FIRST_PAUSE_MS = 10
const LAST_PAUSE_MS = 500
/** Of the time that an instance has been starting: being asked late never costs it more than this part. */
const PAUSE_SHARE = 0.02
/** AWS's: an answer to `/ping` counts within 2 s. */
const PING_TIMEOUT_MS = 2_000

/** Asks starting instances for their health: often at first, so that InService comes with the first green answer. */
export class HealthChecks {
  readonly #probe: Probe
  readonly #onHealthy: (taskId: string) => void
  readonly #watched = new Map<string, NodeJS.Timeout | undefined>()
  readonly #healthy = new Set<string>()

  constructor(probe: Probe, onHealthy: (taskId: string) => void) {
    this.#probe = probe
    this.#onHealthy = onHealthy
  }

  isHealthy(taskId: string): boolean {
    return this.#healthy.has(taskId)
  }

  /** Begins asking; calls `onHealthy` once. Watching a watched instance changes nothing. */
  watch(taskId: string, address: TaskAddress): void {
    if (this.#healthy.has(taskId) || this.#watched.has(taskId)) return
    this.#watched.set(taskId, undefined)
    void this.#ask(taskId, address, performance.now())
  }

  forget(taskId: string): void {
    clearTimeout(this.#watched.get(taskId))
    this.#watched.delete(taskId)
    this.#healthy.delete(taskId)
  }

  close(): void {
    for (const taskId of [...this.#watched.keys()]) this.forget(taskId)
  }

  async #ask(taskId: string, address: TaskAddress, began: number): Promise<void> {
    const status = await this.#probe.ping(address, PING_TIMEOUT_MS)
    if (!this.#watched.has(taskId)) return
    if (status === 200) {
      this.#watched.delete(taskId)
      this.#healthy.add(taskId)
      this.#onHealthy(taskId)
      return
    }
    const share = (performance.now() - began) * PAUSE_SHARE
    const pauseMs = Math.min(Math.max(share, FIRST_PAUSE_MS), LAST_PAUSE_MS)
    this.#watched.set(
      taskId,
      setTimeout(() => void this.#ask(taskId, address, began), pauseMs),
    )
  }
}
