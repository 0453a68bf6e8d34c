import type { IncomingMessage } from 'node:http'
import type { EngineApi } from './engine-api.ts'
import { HOME_LABEL, homeLabel, TASK_LABEL } from './options.ts'

const RETRY_MS = 1_000
/** So long, and a little more, Docker waits for its containers before it ends. */
const STOPPING_MS = 20_000

/** Hears from the engine what becomes of this home's containers; goes on after the engine was away. */
export class Events {
  readonly #api: EngineApi
  readonly #root: string
  readonly #heard: (id: string) => void
  readonly #connected: () => void
  #response: IncomingMessage | undefined
  #timer: NodeJS.Timeout | undefined
  #closed = false
  #lostAt = 0
  #backAt = 0

  /** `connected` is called whenever the engine answers anew: what happened before is then to be looked up. */
  constructor(api: EngineApi, root: string, heard: (id: string) => void, connected: () => void) {
    this.#api = api
    this.#root = root
    this.#heard = heard
    this.#connected = connected
    void this.#listen()
  }

  /** True where the engine was being stopped, was away or was just back at that moment, as far as this server has seen. */
  wasAway(at: Date): boolean {
    if (this.#lostAt === 0) return false
    const until = Math.max(this.#backAt, this.#lostAt) + RETRY_MS
    return at.getTime() > this.#lostAt - STOPPING_MS && at.getTime() < until
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
    this.#response?.destroy()
  }

  async #listen(): Promise<void> {
    try {
      const filters = { type: ['container'], label: [`${HOME_LABEL}=${homeLabel(this.#root)}`] }
      const response = await this.#api.stream('GET', '/events', { query: { filters } })
      this.#response = response
      if (this.#closed) return void response.destroy()
      this.#backAt = Date.now()
      this.#connected()
      let rest = ''
      for await (const chunk of response) {
        const lines = (rest + chunk.toString('utf8')).split('\n')
        rest = lines.pop() ?? ''
        for (const line of lines) this.#take(line)
      }
    } catch {
      // Not there, or not any more: asked again below. Whoever needs the engine is told by its own call.
    }
    if (this.#closed) return
    if (this.#response) this.#lostAt = Date.now()
    this.#response = undefined
    this.#timer = setTimeout(() => void this.#listen(), RETRY_MS)
    this.#timer.unref()
  }

  #take(line: string): void {
    if (line.trim() === '') return
    const id = JSON.parse(line).Actor?.Attributes?.[TASK_LABEL]
    if (typeof id === 'string') this.#heard(id)
  }
}
