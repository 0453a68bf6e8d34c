import { performance } from 'node:perf_hooks'
import { type Address, HttpConnection } from './http-connection.ts'
import { type SigningKey, sign } from './sign.ts'

/** What to send; the generator is a process of its own, so that it shares no thread with what it measures. */
export interface Load {
  readonly address: Address
  /** As the Host header says it. */
  readonly host: string
  readonly path: string
  readonly connections: number
  readonly requests: number
  /** Absent: unsigned. With it, each request has a signature of its own. */
  readonly key?: SigningKey
}

export interface LoadResult {
  readonly seconds: number
  /** Milliseconds of each request. */
  readonly latencies: readonly number[]
}

const headers = { 'content-type': 'application/octet-stream', accept: 'application/octet-stream' }

process.on('message', (load: Load) => {
  run(load).then(
    (result) => process.send?.({ result }),
    (error: Error) => process.send?.({ error: error.message }),
  )
})

async function run(load: Load): Promise<LoadResult> {
  const latencies: number[] = []
  let next = 0
  const started = performance.now()
  const worker = async () => {
    const connection = new HttpConnection(load.address)
    try {
      while (next < load.requests) latencies.push(await one(connection, load, next++))
    } finally {
      connection.close()
    }
  }
  await Promise.all(Array.from({ length: load.connections }, worker))
  return { seconds: (performance.now() - started) / 1000, latencies }
}

/** Every body is another one, and its answer is known: the echo model turns it round. */
async function one(connection: HttpConnection, { host, path, key }: Load, number: number): Promise<number> {
  const body = Buffer.from(`${number};5.1,3.5,1.4,0.2;${performance.now()}`)
  const started = performance.now()
  const unsigned = { method: 'POST', host, path, headers, body }
  const all = key ? sign(unsigned, key) : { ...headers, host }
  const answer = await connection.request('POST', path, all, body)
  const took = performance.now() - started
  if (answer.status !== 200 || !answer.body.equals(Buffer.from(body).reverse()))
    throw new Error(`request ${number} was answered ${answer.status} ${answer.body.toString('utf8', 0, 300)}`)
  return took
}
