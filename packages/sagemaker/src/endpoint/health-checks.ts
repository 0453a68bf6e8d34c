import type { Probe, TaskAddress } from '@sagebrush/core'

const FIRST_PAUSE_MS = 10
const LAST_PAUSE_MS = 500
/** Of the time that an instance has been starting: being asked late never costs it more than this part. */
const PAUSE_SHARE = 0.02
/** AWS's: an answer to `/ping` counts within 2 s. */
const PING_TIMEOUT_MS = 2_000
/** After so long without a green answer its log says what is waited for. */
const LONG_WAIT_MS = 10_000

/** An instance that runs and has not answered `/ping` by 200 yet. */
export interface PingWait {
  /** When it began to run. */
  readonly since: Date
  /** Status of the last answer; absent where nothing has answered. */
  readonly answered?: number
}

interface Watched {
  readonly address: TaskAddress
  readonly since: Date
  readonly began: number
  answered?: number | undefined
  told: boolean
  timer?: NodeJS.Timeout
}

export interface HealthEvents {
  readonly healthy: (taskId: string) => void
  /** Once for each instance that has been waited for long (after a restart of the server, once more). */
  readonly waitedLong: (taskId: string, wait: PingWait) => void
}

/** Asks starting instances for their health: often at first, so that InService comes with the first green answer. */
export class HealthChecks {
  readonly #probe: Probe
  readonly #now: () => Date
  readonly #events: HealthEvents
  readonly #watched = new Map<string, Watched>()
  readonly #healthy = new Set<string>()

  constructor(probe: Probe, now: () => Date, events: HealthEvents) {
    this.#probe = probe
    this.#now = now
    this.#events = events
  }

  isHealthy(taskId: string): boolean {
    return this.#healthy.has(taskId)
  }

  /** Undefined for an instance that is not watched, or is healthy. */
  waiting(taskId: string): PingWait | undefined {
    const watched = this.#watched.get(taskId)
    return watched && waitOf(watched)
  }

  /** Begins asking; calls `healthy` once. Watching a watched instance changes nothing. `since`: when it began to run. */
  watch(taskId: string, address: TaskAddress, since: Date): void {
    if (this.#healthy.has(taskId) || this.#watched.has(taskId)) return
    const watched: Watched = { address, since, began: performance.now(), told: false }
    this.#watched.set(taskId, watched)
    void this.#ask(taskId, watched)
  }

  forget(taskId: string): void {
    clearTimeout(this.#watched.get(taskId)?.timer)
    this.#watched.delete(taskId)
    this.#healthy.delete(taskId)
  }

  close(): void {
    for (const taskId of [...this.#watched.keys()]) this.forget(taskId)
  }

  async #ask(taskId: string, watched: Watched): Promise<void> {
    const status = await this.#probe.ping(watched.address, PING_TIMEOUT_MS)
    if (this.#watched.get(taskId) !== watched) return
    if (status === 200) {
      this.#watched.delete(taskId)
      this.#healthy.add(taskId)
      this.#events.healthy(taskId)
      return
    }
    watched.answered = status
    if (!watched.told && this.#now().getTime() - watched.since.getTime() >= LONG_WAIT_MS) {
      watched.told = true
      this.#events.waitedLong(taskId, waitOf(watched))
    }
    const share = (performance.now() - watched.began) * PAUSE_SHARE
    const pauseMs = Math.min(Math.max(share, FIRST_PAUSE_MS), LAST_PAUSE_MS)
    watched.timer = setTimeout(() => void this.#ask(taskId, watched), pauseMs)
  }
}

function waitOf({ since, answered }: Watched): PingWait {
  return { since, ...(answered !== undefined && { answered }) }
}

/** A line of ours for the log of an instance that is waited for long. */
export function pingNote({ since, answered }: PingWait, now: Date): string {
  const seconds = Math.round((now.getTime() - since.getTime()) / 1000)
  const last = answered === undefined ? 'nothing has answered' : `the last answer was ${answered}`
  return `Sagebrush: waiting for GET /ping to answer 200, for ${seconds} s by now: ${last}. No request is sent here before.`
}
