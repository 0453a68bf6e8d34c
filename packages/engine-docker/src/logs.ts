import type { TaskLogLine } from '@sagebrush/core'
import { type EngineApi, EngineApiError } from './engine-api.ts'
import { LogFollower } from './log-follower.ts'
import { formatPlace, LOG_START, type LogPlace, parsePlace } from './log-place.ts'

type Lines = { readonly lines: readonly TaskLogLine[]; readonly cursor: string }

/** Until a log that was over while its container ran is asked for anew. */
const AGAIN_MS = 1_000

/** The logs of an engine's tasks, one follower each. */
export class TaskLogs {
  readonly #followers = new Map<string, LogFollower>()
  /** Those whose log was over while the container ran, and since when. */
  readonly #early = new WeakMap<LogFollower, number>()
  readonly #api: EngineApi
  readonly #changed: (id: string) => void

  constructor(api: EngineApi, changed: (id: string) => void) {
    this.#api = api
    this.#changed = changed
  }

  /** Follows a container that has just been started, so that its first lines are told at once. */
  begin(id: string, container: string): void {
    if (!this.#followers.has(id)) this.#follow(id, container, LOG_START)
  }

  /** `ended`: the container runs no more, so its log is complete once the engine says so. */
  async read(id: string, container: string, cursor: string | undefined, ended: boolean): Promise<Lines> {
    const place = cursor === undefined ? LOG_START : parsePlace(cursor)
    if (!place) throw new RangeError(`no cursor of a task's log: ${cursor}`)
    const known = this.#followers.get(id)
    const serves = known && isSame(known.place, place) && !this.#isTooEarly(known)
    const follower = serves ? known : this.#follow(id, container, place)
    // An engine that restarts may end its answers though the containers run on.
    if (!ended && follower.over && !this.#early.has(follower)) this.#early.set(follower, Date.now())
    try {
      const lines = await follower.take(ended)
      return { lines, cursor: formatPlace(follower.place) }
    } catch (error) {
      this.forget(id)
      // Removed meanwhile, or never made; 409 while the engine removes it.
      if (error instanceof EngineApiError && [404, 409].includes(error.status))
        return { lines: [], cursor: formatPlace(place) }
      throw error
    }
  }

  #isTooEarly(follower: LogFollower): boolean {
    return Date.now() - (this.#early.get(follower) ?? Number.POSITIVE_INFINITY) > AGAIN_MS
  }

  forget(id: string): void {
    this.#followers.get(id)?.close()
    this.#followers.delete(id)
  }

  close(): void {
    for (const id of [...this.#followers.keys()]) this.forget(id)
  }

  #follow(id: string, container: string, place: LogPlace): LogFollower {
    this.#followers.get(id)?.close()
    const follower = new LogFollower(this.#api, container, place, () => this.#changed(id))
    this.#followers.set(id, follower)
    return follower
  }
}

function isSame(a: LogPlace, b: LogPlace): boolean {
  return a.at === b.at && a.taken === b.taken
}
