import { performance } from 'node:perf_hooks'
import { type Address, HttpConnection } from './http-connection.ts'
import { type SigningKey, sign } from './sign.ts'

/** An open loop: each request has its time, whether or not those before it were answered. */
export interface SteadyLoad {
  readonly address: Address
  readonly host: string
  readonly path: string
  readonly key: SigningKey
  readonly perSecond: number
}

export interface SteadyResult {
  /** Milliseconds from the moment that a request was to be sent until its answer was read. */
  readonly latencies: readonly number[]
}

const headers = { 'content-type': 'application/octet-stream', accept: 'application/octet-stream' }

// A process of its own: begins with a message that holds the load, ends with the message "end" and tells then.
let running: Promise<readonly number[]> | undefined
let going = false
process.on('message', (message: SteadyLoad | 'end') => {
  if (message !== 'end') {
    going = true
    running = run(message)
    // Told at the end.
    running.catch(() => {})
    return
  }
  going = false
  running?.then(
    (latencies) => process.send?.({ result: { latencies } satisfies SteadyResult }),
    (error: Error) => process.send?.({ error: error.message }),
  )
})

async function run(load: SteadyLoad): Promise<readonly number[]> {
  const latencies: number[] = []
  const idle: HttpConnection[] = []
  const all: Promise<void>[] = []
  let failure: unknown
  const one = async (due: number, number: number) => {
    const connection = idle.pop() ?? new HttpConnection(load.address)
    const body = Buffer.from(`${number};5.1,3.5,1.4,0.2`)
    const { host, path, key } = load
    const signed = sign({ method: 'POST', host, path, headers, body }, key)
    const answer = await connection.request('POST', path, signed, body)
    latencies.push(performance.now() - due)
    if (answer.status !== 200 || !answer.body.equals(Buffer.from(body).reverse()))
      throw new Error(`request ${number} was answered ${answer.status} ${answer.body.toString('utf8', 0, 300)}`)
    idle.push(connection)
  }
  const started = performance.now()
  for (let number = 0; going && failure === undefined; number++) {
    const due = started + (number * 1000) / load.perSecond
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - performance.now())))
    all.push(
      one(due, number).catch((error) => {
        failure ??= error
      }),
    )
  }
  await Promise.all(all)
  for (const connection of idle) connection.close()
  if (failure) throw failure
  return latencies
}
