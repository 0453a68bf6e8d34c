import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { EngineApi } from './engine-api.ts'
import { LogFollower } from './log-follower.ts'
import { LOG_START } from './log-place.ts'

let server: Server | undefined
afterEach(() => {
  server?.closeAllConnections()
  server?.close()
})

/** A frame of standard output, as the engine sends it with timestamps. */
function frame(second: number, text: string): Buffer {
  const content = Buffer.from(`2026-01-02T03:04:0${second}.000000000Z ${text}\n`)
  const head = Buffer.alloc(8)
  head[0] = 1
  head.writeUInt32BE(content.length, 4)
  return Buffer.concat([head, content])
}

const time = '2026-01-02T03:04:00Z'
const state = { Status: 'exited', ExitCode: 0, OOMKilled: false, StartedAt: time, FinishedAt: time }

/** An engine whose container ended just when its log was asked for: it never ends the answer that would go on. */
async function engineThatForgets(follow: (answer: ServerResponse) => void): Promise<EngineApi> {
  const log = [frame(1, 'one')]
  server = createServer(({ url = '' }, answer) => {
    if (!url.includes('/logs?')) answer.end(JSON.stringify({ Id: 'c', Image: 'i', State: state }))
    else if (url.includes('follow=true')) {
      log.push(frame(2, 'two'))
      follow(answer)
    } else answer.end(Buffer.concat(url.includes('tail=1') ? log.slice(-1) : log))
  })
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve))
  return new EngineApi({ host: '127.0.0.1', port: (server.address() as AddressInfo).port })
}

test.each([
  ['after its beginning', (answer: ServerResponse) => void answer.write(frame(1, 'one'))],
  ['before its beginning', () => {}],
])('an answer that hangs %s does not hold up the end of a log', async (_, follow) => {
  const follower = new LogFollower(await engineThatForgets(follow), 'c', LOG_START, () => {})
  const lines: string[] = []
  const end = Date.now() + 10_000
  while (!follower.over && Date.now() < end) lines.push(...(await follower.take(true)).map(({ message }) => message))
  expect(follower.over).toBe(true)
  expect(lines).toEqual(['one', 'two'])
  follower.close()
})
