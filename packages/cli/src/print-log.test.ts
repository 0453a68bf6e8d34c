import { once } from 'node:events'
import { openClients, type ServerProcess, startJob, startServerProcess, until } from '@sagebrush/dev-env'
import { afterAll, beforeAll, expect, test } from 'vitest'

let server: ServerProcess
beforeAll(async () => {
  server = await startServerProcess()
})
afterAll(() => server.close())

test('logs -f goes on over the end of its server, every line once', { timeout: 300_000 }, async () => {
  const clients = await openClients(server)
  // Long enough for a server to go and another to come; the environment may have to be made before.
  const code = 'import time\nfor i in range(200):\n    print("line", i, flush=True)\n    time.sleep(0.05)\n'
  await startJob(clients, 'counts', code)
  const child = server.spawn(['logs', 'counts', '-f'])
  const ended = once(child, 'close')
  let log = ''
  let told = ''
  child.stdout?.on('data', (part) => (log += part))
  child.stderr?.on('data', (part) => (told += part))
  await until(240_000, async () => log.includes('line 20\n') || undefined)
  await server.killAndRestart()
  expect(await ended).toEqual([0, null])
  const lines = log.split('\n').filter((line) => line.startsWith('line '))
  expect(lines).toEqual(Array.from({ length: 200 }, (_, index) => `line ${index}`))
  expect(told).toContain('The server has stopped, and what it ran goes on: waiting for the next server …\n')
  expect(told).toMatch(/Completed\n$/)
})
