import type { ResponseStream } from '@sagebrush/contract/sagemaker-runtime'
import { expect, test } from 'vitest'
import { open, route, serveTask } from './testing.ts'

test('the first part arrives before the last is made', async () => {
  await using opened = open()
  let finish: (() => void) | undefined
  await using task = await serveTask((_request, response) => {
    response.setHeader('content-type', 'text/event-stream')
    response.write('first')
    finish = () => response.end('last')
  })
  const { router, operations } = opened.runtime
  router.set(opened.context().caller, 'e', route({ name: 'v', sockets: [task.socketPath] }))
  const answer = await operations.InvokeEndpointWithResponseStream.handle(
    { EndpointName: 'e', Body: Buffer.from('1') },
    opened.context(),
  )
  expect(answer).toMatchObject({ ContentType: 'text/event-stream', InvokedProductionVariant: 'v' })
  const parts = answer.Body[Symbol.asyncIterator]()
  const first = await parts.next()
  expect(Buffer.from(first.value?.PayloadPart?.Bytes ?? []).toString()).toBe('first')
  expect(router.inFlight('v-0')).toBe(1)
  finish?.()
  expect(Buffer.from((await parts.next()).value?.PayloadPart?.Bytes ?? []).toString()).toBe('last')
  expect((await parts.next()).done).toBe(true)
  await expect.poll(() => router.inFlight('v-0'), { interval: 1 }).toBe(0)
})

test('an answer that breaks off ends with a ModelStreamError', async () => {
  await using opened = open()
  await using task = await serveTask((_request, response) => {
    response.write('first')
    setImmediate(() => response.destroy())
  })
  const { router, operations } = opened.runtime
  router.set(opened.context().caller, 'e', route({ name: 'v', sockets: [task.socketPath] }))
  const answer = await operations.InvokeEndpointWithResponseStream.handle(
    { EndpointName: 'e', Body: Buffer.from('1') },
    opened.context(),
  )
  const parts: ResponseStream[] = []
  for await (const part of answer.Body) parts.push(part)
  expect(parts.at(-1)).toMatchObject({ ModelStreamError: { ErrorCode: 'StreamBroken' } })
  await expect.poll(() => router.inFlight('v-0'), { interval: 1 }).toBe(0)
})

test('an answer whose next part does not come in time ends with ModelInvocationTimeExceeded', async () => {
  await using opened = open({ invocationTimeoutMs: 100 })
  await using task = await serveTask((_request, response) => void response.write('first'))
  const { router, operations } = opened.runtime
  router.set(opened.context().caller, 'e', route({ name: 'v', sockets: [task.socketPath] }))
  const answer = await operations.InvokeEndpointWithResponseStream.handle(
    { EndpointName: 'e', Body: Buffer.from('1') },
    opened.context(),
  )
  const parts: ResponseStream[] = []
  for await (const part of answer.Body) parts.push(part)
  expect(parts).toEqual([
    { PayloadPart: { Bytes: Buffer.from('first') } },
    {
      ModelStreamError: {
        ErrorCode: 'ModelInvocationTimeExceeded',
        Message: 'The model did not send the next part of its response in time.',
      },
    },
  ])
  await expect.poll(() => router.inFlight('v-0'), { interval: 1 }).toBe(0)
})

test('a body over the limit is refused before the container sees any of it', async () => {
  await using opened = open({ maxBodyBytes: 4 })
  let requests = 0
  await using task = await serveTask((_request, response) => {
    requests++
    response.end('answer')
  })
  const { router, operations } = opened.runtime
  router.set(opened.context().caller, 'e', route({ name: 'v', sockets: [task.socketPath] }))
  const call = async (body: string) =>
    operations.InvokeEndpointWithResponseStream.handle({ EndpointName: 'e', Body: Buffer.from(body) }, opened.context())
  await expect(call('12345')).rejects.toMatchObject({
    name: '413',
    status: 413,
    message: 'HTTP content length exceeded 4 bytes.',
  })
  expect(requests).toBe(0)
  for await (const part of (await call('1234')).Body) expect(part.PayloadPart?.Bytes).toEqual(Buffer.from('answer'))
  expect(requests).toBe(1)
})

test('the session of a streamed request goes to the container', async () => {
  await using opened = open()
  await using task = await serveTask((request, response) => {
    response.end(request.headers['x-amzn-sagemaker-session-id'])
  })
  const { router, operations } = opened.runtime
  router.set(opened.context().caller, 'e', route({ name: 'v', sockets: [task.socketPath] }))
  const answer = await operations.InvokeEndpointWithResponseStream.handle(
    { EndpointName: 'e', Body: Buffer.from('1'), SessionId: 's1' },
    opened.context(),
  )
  for await (const part of answer.Body) expect(part.PayloadPart?.Bytes).toEqual(Buffer.from('s1'))
})

test('a client that goes ends the request to the container, read or not', async () => {
  await using opened = open()
  let closed = false
  await using task = await serveTask((_request, response) => {
    response.write('first')
    response.on('close', () => (closed = true))
  })
  const { router, operations } = opened.runtime
  router.set(opened.context().caller, 'e', route({ name: 'v', sockets: [task.socketPath] }))
  const client = new AbortController()
  await operations.InvokeEndpointWithResponseStream.handle(
    { EndpointName: 'e', Body: Buffer.from('1') },
    opened.context({ signal: client.signal }),
  )
  client.abort()
  await expect.poll(() => closed, { interval: 1 }).toBe(true)
  await expect.poll(() => router.inFlight('v-0'), { interval: 1 }).toBe(0)
})

test('an answer that is no success is a ModelError', async () => {
  await using opened = open()
  await using task = await serveTask((_request, response) => {
    response.statusCode = 500
    response.end('Traceback')
  })
  const { router, operations } = opened.runtime
  router.set(opened.context().caller, 'e', route({ name: 'v', sockets: [task.socketPath] }))
  const call = async () =>
    operations.InvokeEndpointWithResponseStream.handle({ EndpointName: 'e', Body: Buffer.from('1') }, opened.context())
  await expect(call()).rejects.toThrow('Received server error (500) from primary with message "Traceback".')
  await expect.poll(() => router.inFlight('v-0'), { interval: 1 }).toBe(0)
})
