import { readFile } from 'node:fs/promises'
import { readClientFacts, runningServer } from '@sagebrush/server/client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type ServerProcess, startServerProcess } from '../index.ts'
import { Clients, ended, makeBucket, startTraining } from './fixtures.ts'

const MIB = 1024 * 1024

let server: ServerProcess
let clients: Clients
beforeAll(async () => {
  // A server that kept what is printed would end here, however late the collector of garbage likes to come.
  server = await startServerProcess({ NODE_OPTIONS: '--max-old-space-size=128' })
  const { url, region, account, accessKeyId, secretAccessKey } = readClientFacts(server.home)
  const credentials = { accessKeyId, secretAccessKey }
  clients = new Clients({ endpoint: url, region, credentials, forcePathStyle: true, maxAttempts: 1 }, account)
})
afterAll(async () => {
  clients.destroy()
  await server.close()
})

/** The most memory that the server has held at once, in bytes. */
async function peakMemory(): Promise<number> {
  const status = await readFile(`/proc/${runningServer(server.home)?.pid}/status`, 'utf8')
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) * 1024
}

const PRINTS = `
import sys
for i in range(1048576): sys.stdout.write("%07d %s\\n" % (i, "x" * 91))
`
const ONE_LINE = `
import sys
for i in range(1600): sys.stdout.write("y" * 65536)
`

test('a script that prints 100 MB ends, its log is readable to the end, and the server stays small', async () => {
  const bucket = await makeBucket(clients)
  const first = await startTraining(clients, { bucket, code: { 'train.py': '' } })
  await ended(clients, first, 280)
  for (const code of [PRINTS, ONE_LINE]) {
    const started = Date.now()
    const name = await startTraining(clients, { bucket, code: { 'train.py': code } })
    expect((await ended(clients, name, 120)).TrainingJobStatus).toBe('Completed')
    console.info(`100 MB printed: job over after ${Date.now() - started} ms`)
    const logGroupName = '/aws/sagemaker/TrainingJobs'
    const { logStreams } = await clients.logs.describeLogStreams({ logGroupName, logStreamNamePrefix: `${name}/` })
    const stream = { logGroupName, logStreamName: logStreams?.[0]?.logStreamName }
    const { events = [] } = await clients.logs.getLogEvents({ ...stream, startFromHead: false, limit: 5 })
    if (code === PRINTS) expect(events.map(({ message }) => message).join('\n')).toContain(`1048575 ${'x'.repeat(91)}`)
    let bytes = 0
    for (let nextToken: string | undefined; ; ) {
      const page = await clients.logs.getLogEvents({ ...stream, startFromHead: true, nextToken })
      for (const { message = '' } of page.events ?? []) if (/^(\d{7} x|y)/.test(message)) bytes += message.length
      if (page.nextForwardToken === nextToken) break
      nextToken = page.nextForwardToken
    }
    expect(bytes).toBe(code === PRINTS ? 1048576 * 99 : 1600 * 65536)
    console.info(`read back after ${Date.now() - started} ms; the server's peak is ${(await peakMemory()) / MIB} MiB`)
  }
  expect(await peakMemory()).toBeLessThan(600 * MIB)
}, 400_000)
