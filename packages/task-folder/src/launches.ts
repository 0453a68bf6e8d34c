import type { TaskState } from '@sagebrush/core'

export type LaunchState = Extract<TaskState, { phase: 'preparing' | 'staging' }>

/** One task on its way to run. */
export interface Launch {
  readonly signal: AbortSignal
  /** It waits for something that is made first, which `message` says. */
  preparing(message: string): void
  staging(since?: Date): void
  /** What it waits for all of a sudden, while it is staged; undefined once it waits no longer. */
  held(message: string | undefined): void
}

interface Running {
  state: LaunchState
  readonly abort: AbortController
  done: Promise<void>
}

/** Tasks on their way to run, in the background; knows of each how far it is. */
export class Launches {
  readonly #running = new Map<string, Running>()
  readonly #changed: (id: string) => void
  #closed = false

  /** `changed` is called for every word of a preparation, and at the end. */
  constructor(changed: (id: string) => void) {
    this.#changed = changed
  }

  stateOf(id: string): LaunchState | undefined {
    return this.#running.get(id)?.state
  }

  /** Has `run` bring the task on its way, unless it is already, or all is closed. `run` must not throw. */
  begin(id: string, run: (launch: Launch) => Promise<void>): LaunchState {
    // Of what it needs nothing is known yet: words come with what has to be made.
    const state: LaunchState = { phase: 'preparing', message: '', since: new Date() }
    if (this.#closed) return state
    const known = this.#running.get(id)
    if (known) return known.state
    const abort = new AbortController()
    const running: Running = { state, abort, done: Promise.resolve() }
    this.#running.set(id, running)
    const launch: Launch = {
      signal: abort.signal,
      preparing: (message) => {
        const since = running.state.phase === 'preparing' ? running.state.since : new Date()
        running.state = { phase: 'preparing', message, since }
        this.#changed(id)
      },
      staging: (since = new Date()) => {
        running.state = { phase: 'staging', since }
      },
      held: (message) => {
        if (running.state.phase !== 'staging') return
        const { phase, since } = running.state
        running.state = { phase, since, ...(message !== undefined && { message }) }
        this.#changed(id)
      },
    }
    running.done = Promise.resolve()
      .then(() => run(launch))
      .finally(() => {
        this.#running.delete(id)
        this.#changed(id)
      })
    return state
  }

  /** Breaks it off. True where there was something to break off. */
  async abort(id: string): Promise<boolean> {
    const running = this.#running.get(id)
    if (!running) return false
    running.abort.abort()
    await running.done
    return true
  }

  /** Breaks all off, and begins none any more. */
  async close(): Promise<void> {
    this.#closed = true
    await Promise.all([...this.#running.keys()].map((id) => this.abort(id)))
  }
}
