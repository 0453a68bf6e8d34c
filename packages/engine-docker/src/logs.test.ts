import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { EngineApi } from './engine-api.ts'
import { TaskLogs } from './logs.ts'

let server: Server | undefined
afterEach(() => {
  server?.closeAllConnections()
  server?.close()
})

async function engineThatSays(status: number, message: string): Promise<EngineApi> {
  server = createServer((_request, answer) => {
    answer.statusCode = status
    answer.end(JSON.stringify({ message }))
  })
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve))
  return new EngineApi({ host: '127.0.0.1', port: (server.address() as AddressInfo).port })
}

test.each([
  [404, 'No such container: c'],
  [409, 'can not get logs from container which is dead or marked for removal'],
])('the log of a container that goes away (%d) has no more lines, and is no error', async (status, message) => {
  const logs = new TaskLogs(await engineThatSays(status, message), () => {})
  const { lines, cursor } = await logs.read('t', 'c', undefined, true)
  expect(lines).toEqual([])
  expect((await logs.read('t', 'c', cursor, true)).cursor).toBe(cursor)
})

test('another error of the engine is told', async () => {
  const logs = new TaskLogs(await engineThatSays(500, 'the disk is broken'), () => {})
  await expect(logs.read('t', 'c', undefined, true)).rejects.toThrow('the disk is broken')
})
