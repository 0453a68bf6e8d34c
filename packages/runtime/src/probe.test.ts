import { expect, test } from 'vitest'
import { httpProbe } from './probe.ts'
import { serveTask } from './testing.ts'

test('a ping answers with the status of GET /ping', async () => {
  await using task = await serveTask((request, response) => {
    response.statusCode = request.method === 'GET' && request.url === '/ping' ? 200 : 404
    response.end()
  })
  expect(await httpProbe.ping(task, 2_000)).toBe(200)
})

test('nobody there, and nobody who answers in time, are no status', async () => {
  expect(await httpProbe.ping({ socketPath: '/nowhere/task.sock' }, 2_000)).toBeUndefined()
  await using task = await serveTask(() => undefined)
  expect(await httpProbe.ping(task, 50)).toBeUndefined()
})
