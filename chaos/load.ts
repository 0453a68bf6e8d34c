import { createHash, randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { bucket, type Clients } from './clients.ts'
import { type Endpoints, WrongAnswer } from './endpoints.ts'
import { until } from './until.ts'

const CLIENTS = 4
const OBJECT_BYTES = 65_536
/** What the issue allows an endpoint after the restart. */
export const ANSWER_SECONDS = 2

/** Asks an endpoint without a pause and puts objects meanwhile; knows which failures a kill excuses. */
export class Load {
  readonly failures: string[] = []
  answers = 0
  excused = 0
  inFlight = 0
  readonly #clients: Clients
  readonly #endpoints: Endpoints
  readonly #endpoint: string
  readonly #objects = new Map<string, string>()
  readonly #ended = new AbortController()
  #workers: readonly Promise<void>[] = []
  #away: 'all' | 'PutObject' | undefined
  /** When the last time in which failures are excused ended. */
  #backAt = 0

  constructor(clients: Clients, endpoints: Endpoints, endpoint: string) {
    this.#clients = clients
    this.#endpoints = endpoints
    this.#endpoint = endpoint
  }

  start(): void {
    this.#workers = [...Array.from({ length: CLIENTS }, () => this.#askOn()), this.#putOn()]
  }

  /** From here on failures are excused, or those of one kind: call it before the harm is done. */
  away(what?: 'PutObject'): void {
    this.#away = what ?? 'all'
  }

  /** Asks until there is a right answer, which must come in time; resolves to the ms that it took. */
  async back(limitSeconds: number = ANSWER_SECONDS): Promise<number> {
    const started = performance.now()
    let refusal = ''
    await until(
      `an answer of ${this.#endpoint}`,
      limitSeconds,
      () =>
        this.#endpoints.ask(this.#endpoint, randomBytes(8).toString('hex')).catch((error) => {
          refusal = String(error)
          return undefined
        }),
      5,
    ).catch((error: Error) => {
      throw new Error(`${error.message} (${refusal})`)
    })
    this.#away = undefined
    this.#backAt = performance.now()
    return this.#backAt - started
  }

  async stop(): Promise<void> {
    this.#ended.abort()
    await Promise.all(this.#workers)
  }

  /** Reads every object back whose write was acknowledged; resolves to how many. */
  async checkObjects(): Promise<number> {
    for (const [Key, digest] of this.#objects) {
      const { Body } = await this.#clients.s3.getObject({ Bucket: bucket, Key })
      const found = createHash('sha256')
        .update((await Body?.transformToByteArray()) ?? '')
        .digest('hex')
      if (found !== digest) this.failures.push(`the object ${Key} has other bytes than were acknowledged`)
    }
    return this.#objects.size
  }

  async #askOn(): Promise<void> {
    while (!this.#ended.signal.aborted) {
      await this.#attempt('InvokeEndpoint', async () => {
        this.inFlight++
        try {
          await this.#endpoints.ask(this.#endpoint, randomBytes(64).toString('hex'))
        } finally {
          this.inFlight--
        }
        this.answers++
      })
    }
  }

  async #putOn(): Promise<void> {
    for (let number = 0; !this.#ended.signal.aborted; number++) {
      await this.#attempt('PutObject', async () => {
        const Body = randomBytes(OBJECT_BYTES)
        const Key = `load/${number}`
        await this.#clients.s3.putObject({ Bucket: bucket, Key, Body })
        this.#objects.set(Key, createHash('sha256').update(Body).digest('hex'))
      })
      await delay(100)
    }
  }

  async #attempt(what: string, work: () => Promise<void>): Promise<void> {
    const started = performance.now()
    try {
      await work()
    } catch (error) {
      const excuses = this.#away === 'all' || this.#away === what || started <= this.#backAt
      if (excuses && !(error instanceof WrongAnswer)) this.excused++
      else this.failures.push(`${what} failed while the server was there: ${error}`)
      await delay(20)
    }
  }
}
