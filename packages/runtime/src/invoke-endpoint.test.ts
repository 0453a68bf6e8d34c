import type { InvokeEndpointInput } from '@sagebrush/contract/sagemaker-runtime'
import { ApiError } from '@sagebrush/core'
import { expect, onTestFinished, test, vi } from 'vitest'
import { type OpenRuntime, open, route, serveTask } from './testing.ts'

const invoke = async (opened: OpenRuntime, input: Partial<InvokeEndpointInput> = {}, headers = {}) =>
  opened.runtime.operations.InvokeEndpoint.handle(
    { EndpointName: 'e', Body: Buffer.from('1,2,3'), ...input },
    opened.context({ headers }),
  )

const failure = (promise: Promise<unknown>): Promise<ApiError> =>
  promise.then(
    () => {
      throw new Error('it did not fail')
    },
    (error: unknown) => {
      if (error instanceof ApiError) return error
      throw error
    },
  )

test('the container sees the body and the headers that are for it, the client its answer', async () => {
  await using opened = open()
  await using task = await serveTask((request, response) => {
    let body = ''
    request.on('data', (chunk) => (body += chunk))
    request.on('end', () => {
      response.setHeader('content-type', 'application/json')
      response.setHeader('x-amzn-sagemaker-custom-attributes', 'traced')
      response.end(JSON.stringify({ method: request.method, url: request.url, headers: request.headers, body }))
    })
  })
  opened.runtime.router.set(opened.context().caller, 'e', route({ name: 'AllTraffic', sockets: [task.socketPath] }))
  const answer = await invoke(
    opened,
    { ContentType: 'text/csv', Accept: 'application/json', CustomAttributes: 'c=1', TargetVariant: 'AllTraffic' },
    {
      authorization: 'AWS4-HMAC-SHA256 secret',
      'user-agent': 'boto3',
      'x-amzn-sagemaker-session-id': 's',
      'x-amzn-sagemaker-target-variant': 'AllTraffic',
    },
  )
  expect(answer).toMatchObject({
    ContentType: 'application/json',
    CustomAttributes: 'traced',
    InvokedProductionVariant: 'AllTraffic',
  })
  const seen = JSON.parse(Buffer.from(answer.Body).toString())
  expect(seen).toMatchObject({ method: 'POST', url: '/invocations', body: '1,2,3' })
  expect(seen.headers).toEqual({
    host: 'localhost',
    connection: 'keep-alive',
    'content-length': '5',
    'content-type': 'text/csv',
    accept: 'application/json',
    'x-amzn-sagemaker-custom-attributes': 'c=1',
    'x-amzn-sagemaker-session-id': 's',
  })
})

test.each(['InvokeEndpoint', 'InvokeEndpointWithResponseStream'] as const)(
  '%s goes before bulk work until its answer begins',
  async (operation) => {
    // The time stands still: bulk work that goes on has not waited for its limit.
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
    onTestFinished(() => void vi.useRealTimers())
    await using opened = open()
    const { runtime, context } = opened
    const order: string[] = []
    let bulk: Promise<unknown> | undefined
    await using task = await serveTask(async (_request, response) => {
      bulk = runtime.router.rightOfWay.giveWay().then(() => order.push('bulk'))
      for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve))
      order.push('answer')
      response.end('x')
    })
    runtime.router.set(context().caller, 'e', route({ name: 'v', sockets: [task.socketPath] }))
    await runtime.operations[operation].handle({ EndpointName: 'e', Body: Buffer.from('1') }, context())
    await bulk
    expect(order).toEqual(['answer', 'bulk'])
  },
)

test('an answer that is no success is a ModelError with what the container said', async () => {
  await using opened = open()
  await using task = await serveTask((_request, response) => {
    response.statusCode = 415
    response.end('no such type')
  })
  opened.runtime.router.set(opened.context().caller, 'e', route({ name: 'v', sockets: [task.socketPath] }))
  const error = await failure(invoke(opened))
  expect(error).toMatchObject({
    name: 'ModelError',
    status: 424,
    message:
      'Received client error (415) from primary with message "no such type". See CloudWatch log group /aws/sagemaker/Endpoints/e in account 123456789012 for more information.',
    members: {
      OriginalStatusCode: 415,
      OriginalMessage: 'no such type',
      LogStreamArn: 'arn:aws:logs:us-east-1:123456789012:log-group:/aws/sagemaker/Endpoints/e:log-stream:v/i-0',
    },
  })
})

test('what a container says is quoted up to 10,000 characters', async () => {
  await using opened = open()
  await using task = await serveTask((_request, response) => {
    response.statusCode = 500
    response.end(`${'a'.repeat(9_999)}bc`)
  })
  opened.runtime.router.set(opened.context().caller, 'e', route({ name: 'v', sockets: [task.socketPath] }))
  const { message, members } = await failure(invoke(opened))
  const quoted = `${'a'.repeat(9_999)}b`
  expect(members.OriginalMessage).toBe(quoted)
  expect(message).toContain(`"${quoted}". See CloudWatch`)
})

test('a session: its id goes to the container, and what the container opens or closes comes back', async () => {
  await using opened = open()
  await using task = await serveTask((request, response) => {
    const session = request.headers['x-amzn-sagemaker-session-id']
    if (session === 'NEW_SESSION')
      response.setHeader('x-amzn-sagemaker-new-session-id', 's1; Expires=2030-01-01T00:00:00Z')
    else response.setHeader('x-amzn-sagemaker-closed-session-id', String(session))
    response.end(String(session))
  })
  opened.runtime.router.set(opened.context().caller, 'e', route({ name: 'v', sockets: [task.socketPath] }))
  const opening = await invoke(opened, { SessionId: 'NEW_SESSION' })
  expect(Buffer.from(opening.Body).toString()).toBe('NEW_SESSION')
  expect(opening).toMatchObject({ NewSessionId: 's1; Expires=2030-01-01T00:00:00Z' })
  const closing = await invoke(opened, { SessionId: 's1' })
  expect(Buffer.from(closing.Body).toString()).toBe('s1')
  expect(closing).toMatchObject({ ClosedSessionId: 's1' })
  expect(closing).not.toHaveProperty('NewSessionId')
})

test('a container that does not answer in time is a ModelError in the words of AWS', async () => {
  await using opened = open({ invocationTimeoutMs: 100 })
  await using task = await serveTask(() => undefined)
  opened.runtime.router.set(opened.context().caller, 'e', route({ name: 'v', sockets: [task.socketPath] }))
  const error = await failure(invoke(opened))
  expect(error).toMatchObject({ name: 'ModelError', status: 424, members: { OriginalStatusCode: 0 } })
  expect(error.message).toMatch(
    /^Received server error \(0\) from primary with message "Your invocation timed out while waiting for a response from container primary\./,
  )
  expect(opened.runtime.router.inFlight('v-0')).toBe(0)
})

test('a container that closes the connection is a ModelError, and the request is not sent twice', async () => {
  await using opened = open()
  let requests = 0
  await using task = await serveTask((request) => {
    requests++
    request.socket.destroy()
  })
  opened.runtime.router.set(opened.context().caller, 'e', route({ name: 'v', sockets: [task.socketPath] }))
  const error = await failure(invoke(opened))
  expect(error.message).toMatch(/could not get a response from the e endpoint/)
  expect(requests).toBe(1)
})

test('an instance that cannot be reached gives its request to another', async () => {
  await using opened = open()
  await using task = await serveTask((_request, response) => response.end('here'))
  const { router } = opened.runtime
  router.set(opened.context().caller, 'e', route({ name: 'v', sockets: ['/nowhere/task.sock', task.socketPath] }))
  for (let i = 0; i < 3; i++) expect(Buffer.from((await invoke(opened)).Body).toString()).toBe('here')
  router.set(opened.context().caller, 'e', route({ name: 'v', sockets: ['/nowhere/task.sock'] }))
  expect(await failure(invoke(opened))).toMatchObject({
    name: 'ServiceUnavailable',
    status: 503,
    message: 'Endpoint e has no instance in service at this time.',
  })
})

test('unknown endpoints, variants and oversize bodies are refused', async () => {
  await using opened = open({ maxBodyBytes: 4 })
  expect(await failure(invoke(opened, { Body: Buffer.from('1') }))).toMatchObject({
    name: 'ValidationError',
    message: 'Endpoint e of account 123456789012 not found.',
  })
  opened.runtime.router.set(opened.context().caller, 'e', route({ name: 'v', sockets: ['/nowhere'] }))
  expect(await failure(invoke(opened, { Body: Buffer.from('1'), TargetVariant: 'w' }))).toMatchObject({
    name: 'ValidationError',
    message: 'Variant w not found for Request',
  })
  expect(await failure(invoke(opened))).toMatchObject({
    name: '413',
    status: 413,
    message: 'HTTP content length exceeded 4 bytes.',
  })
})

test('another account with the same endpoint name sees nothing of it', async () => {
  await using opened = open()
  await using task = await serveTask((_request, response) => response.end('mine'))
  opened.runtime.router.set(opened.context().caller, 'e', route({ name: 'v', sockets: [task.socketPath] }))
  const other = { ...opened.context().caller, account: '210987654321' }
  const call = async () =>
    opened.runtime.operations.InvokeEndpoint.handle(
      { EndpointName: 'e', Body: Buffer.from('1') },
      opened.context({ caller: other }),
    )
  expect((await failure(call())).message).toBe('Endpoint e of account 210987654321 not found.')
})

test('requests are shared by weight, and within a variant go to the instance with the fewest', async () => {
  await using opened = open({ concurrencyPerInstance: 1, queuePerInstance: 1 })
  const held: (() => void)[] = []
  await using task = await serveTask((_request, response) => {
    held.push(() => response.end('done'))
  })
  const { router } = opened.runtime
  router.set(opened.context().caller, 'e', route({ name: 'v', sockets: [task.socketPath, task.socketPath] }))
  const calls = [invoke(opened), invoke(opened), invoke(opened), invoke(opened)]
  expect([router.inFlight('v-0'), router.inFlight('v-1')]).toEqual([2, 2])
  expect(await failure(invoke(opened))).toMatchObject({
    name: 'ServiceUnavailable',
    message: 'Endpoint e has more requests than its instances can take at this time.',
  })
  // The task works on one request of each instance at a time.
  for (let answered = 0; answered < 4; answered++) {
    await expect.poll(() => held.length, { interval: 1 }).toBeGreaterThan(0)
    expect(held.length).toBeLessThanOrEqual(2)
    held.shift()?.()
  }
  await Promise.all(calls)
  expect([router.inFlight('v-0'), router.inFlight('v-1')]).toEqual([0, 0])
})

test('a variant gets its share of requests', async () => {
  await using opened = open()
  const { router } = opened.runtime
  router.set(
    opened.context().caller,
    'e',
    route(
      { name: 'a', weight: 1, sockets: ['/a'] },
      { name: 'b', weight: 3, sockets: ['/b'] },
      { name: 'off', weight: 0, sockets: ['/off'] },
      { name: 'down', weight: 9, sockets: [] },
    ),
  )
  const count: Record<string, number> = {}
  for (let i = 0; i < 4_000; i++) {
    const { variant } = router.pick(opened.context().caller, 'e', undefined)
    count[variant] = (count[variant] ?? 0) + 1
  }
  expect(Object.keys(count).sort()).toEqual(['a', 'b'])
  expect(count.a).toBeGreaterThan(800)
  expect(count.a).toBeLessThan(1_200)
})

test('a request that is under way when its instance is replaced still gets its answer', async () => {
  await using opened = open()
  let answer: (() => void) | undefined
  await using old = await serveTask((_request, response) => {
    answer = () => response.end('from the old')
  })
  await using young = await serveTask((_request, response) => response.end('from the new'))
  const { router } = opened.runtime
  router.set(opened.context().caller, 'e', route({ name: 'old', sockets: [old.socketPath] }))
  const call = invoke(opened)
  await expect.poll(() => answer !== undefined, { interval: 1 }).toBe(true)
  router.set(opened.context().caller, 'e', route({ name: 'new', sockets: [young.socketPath] }))
  expect(Buffer.from((await invoke(opened)).Body).toString()).toBe('from the new')
  expect(router.inFlight('old-0')).toBe(1)
  answer?.()
  expect(Buffer.from((await call).Body).toString()).toBe('from the old')
  expect(router.inFlight('old-0')).toBe(0)
})
