import { expect, test } from 'vitest'
import { Router } from './index.ts'
import { caller, open, route, serveTask } from './testing.ts'

const invoke = async (opened: ReturnType<typeof open>) => {
  const { Body } = await opened.runtime.operations.InvokeEndpoint.handle(
    { EndpointName: 'e', Body: Buffer.from('1') },
    opened.context(),
  )
  return Buffer.from(Body).toString()
}

test('a removed endpoint answers the request under way, then closes its connections', async () => {
  await using opened = open()
  const { router } = opened.runtime
  let answer: (() => void) | undefined
  let closed = 0
  await using task = await serveTask((request, response) => {
    request.socket.once('close', () => closed++)
    answer = () => response.end('last')
  })
  router.set(caller, 'e', route({ name: 'v', sockets: [task.socketPath] }))
  const { instance } = router.pick(caller, 'e', undefined)
  const call = invoke(opened)
  await expect.poll(() => answer !== undefined, { interval: 1 }).toBe(true)
  router.remove(caller, 'e')
  await expect(invoke(opened)).rejects.toThrow('Endpoint e of account 123456789012 not found.')
  expect(router.inFlight('v-0')).toBe(1)
  expect(instance.pool.closed).toBe(false)
  answer?.()
  expect(await call).toBe('last')
  expect(router.inFlight('v-0')).toBe(0)
  // At once, and not when a kept connection would end by itself.
  expect(instance.pool.closed).toBe(true)
  await expect.poll(() => closed, { interval: 1, timeout: 10_000 }).toBe(1)
})

test('an instance that comes back before its last request has ended goes on serving', async () => {
  await using opened = open()
  const { router } = opened.runtime
  const answers: (() => void)[] = []
  await using task = await serveTask((_request, response) => {
    answers.push(() => response.end(`answer ${answers.length}`))
  })
  const serving = route({ name: 'v', sockets: [task.socketPath] })
  router.set(caller, 'e', serving)
  const { instance } = router.pick(caller, 'e', undefined)
  const first = invoke(opened)
  await expect.poll(() => answers.length, { interval: 1 }).toBe(1)
  router.set(caller, 'e', route({ name: 'v', sockets: [] }))
  router.set(caller, 'e', serving)
  expect(router.pick(caller, 'e', undefined).instance).toBe(instance)
  answers[0]?.()
  expect(await first).toBe('answer 1')
  expect(instance.pool.closed).toBe(false)
  const second = invoke(opened)
  await expect.poll(() => answers.length, { interval: 1 }).toBe(2)
  expect(router.inFlight('v-0')).toBe(1)
  answers[1]?.()
  expect(await second).toBe('answer 2')
})

test('an idle instance is forgotten at once when its endpoint is removed', async () => {
  const router = new Router()
  router.set(caller, 'e', route({ name: 'v', sockets: ['/nowhere'] }))
  const { instance } = router.pick(caller, 'e', undefined)
  router.remove(caller, 'e')
  expect(instance.pool.closed).toBe(true)
  router.set(caller, 'e', route({ name: 'v', sockets: ['/nowhere'] }))
  expect(router.pick(caller, 'e', undefined).instance).not.toBe(instance)
  await router.close()
})
