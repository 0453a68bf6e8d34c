import { afterEach, expect, test } from 'vitest'
import { beginEndpoints, configure, create, describe, routed, serve, status } from '../testing/endpoints.ts'
import { caller, IMAGE, until, type World } from '../testing/world.ts'

const worlds: World[] = []

afterEach(async () => {
  for (const world of worlds.splice(0)) {
    await world.service.close()
    expect(world.errors).toEqual([])
  }
})

async function begin(config: ConstructorParameters<typeof World>[0] = {}): Promise<World> {
  const world = await beginEndpoints(config)
  worlds.push(world)
  return world
}

/** Of all streams of the endpoint. */
async function lines(world: World): Promise<readonly string[]> {
  const group = '/aws/sagemaker/Endpoints/e'
  const range = { from: 0, direction: 'forward', limit: 100, maxBytes: 1e6 } as const
  const streams = await world.logs.streams(caller, group)
  const pages = await Promise.all(streams.map(({ name }) => world.logs.read(caller, group, name, range)))
  return pages.flatMap(({ events }) => events.map(({ message }) => message))
}

test('an endpoint comes into service with the first green ping, its log and its route there', async () => {
  const world = await begin()
  const { EndpointArn } = await create(world)
  expect(EndpointArn).toBe('arn:aws:sagemaker:us-east-1:123456789012:endpoint/e')
  const { id, address } = await serve(world, 0, false)
  expect((await describe(world)).EndpointStatus).toBe('Creating')
  expect(routed(world)).toEqual([])
  world.healthy.add(JSON.stringify(address))
  const seen = await status(world, 'InService')
  expect(routed(world)).toEqual([id])
  expect(seen.ProductionVariants).toMatchObject([
    {
      VariantName: 'AllTraffic',
      CurrentInstanceCount: 1,
      DesiredInstanceCount: 1,
      CurrentWeight: 1,
      DeployedImages: [{ SpecifiedImage: IMAGE, ResolvedImage: 'sagebrush/scikit-learn:1.2' }],
    },
  ])
  const [spec] = world.engine.started
  expect(spec?.environment).toMatchObject({
    SAGEMAKER_PROGRAM: 'inference.py',
    SAGEBRUSH_SUBMIT_ARCHIVE: '/opt/ml/input/.sagebrush/code/sourcedir.tar.gz',
  })
  expect(spec?.serverEnvironment).toMatchObject({ AWS_ACCESS_KEY_ID: 'ASIATASK' })
  expect(spec?.resources).toEqual({ cpus: 2, memoryMiB: 8192 })
  expect(spec?.inputs).toEqual([
    { kind: 'archive', path: '/opt/ml/model', source: { kind: 'object', uri: 's3://models/m/model.tar.gz' } },
    {
      kind: 'objects',
      path: '/opt/ml/input/.sagebrush/code',
      source: { kind: 'object', uri: 's3://models/m/sourcedir.tar.gz' },
    },
  ])
  const [stream] = await world.logs.streams(caller, '/aws/sagemaker/Endpoints/e')
  expect(stream?.name).toMatch(/^AllTraffic\/i-[a-z2-7]{16}$/)
})

test('an update serves from the old instances until the new ones are healthy, and stops them once drained', async () => {
  const world = await begin()
  await create(world)
  const old = await serve(world, 0)
  await status(world, 'InService')
  await configure(world, 'c2')
  await world.service.operations.UpdateEndpoint.handle({ EndpointName: 'e', EndpointConfigName: 'c2' }, world.context())
  await expect(
    Promise.resolve().then(() =>
      world.service.operations.UpdateEndpoint.handle({ EndpointName: 'e', EndpointConfigName: 'c2' }, world.context()),
    ),
  ).rejects.toThrow('Cannot update in-progress endpoint "arn:aws:sagemaker:us-east-1:123456789012:endpoint/e".')
  const young = await serve(world, 1, false)
  const during = await describe(world)
  expect(during.EndpointStatus).toBe('Updating')
  expect(during.EndpointConfigName).toBe('c1')
  expect(during.PendingDeploymentSummary?.EndpointConfigName).toBe('c2')
  expect(routed(world)).toEqual([old.id])
  world.routes.busy.set(old.id, 1)
  world.healthy.add(JSON.stringify(young.address))
  expect((await status(world, 'InService')).EndpointConfigName).toBe('c2')
  expect(routed(world)).toEqual([young.id])
  await new Promise((resolve) => setImmediate(resolve))
  expect(world.engine.stoppedWithMs(old.id)).toBeUndefined()
  world.routes.busy.delete(old.id)
  await until(() => world.engine.stoppedWithMs(old.id) === 30_000)
  world.engine.end(old.id, { exit: { code: 0 } })
  await until(() => !world.engine.tasks.has(old.id))
  expect([...world.engine.tasks.keys()]).toEqual([young.id])
})

test('an instance that dies before it is healthy fails the endpoint with the log and its last lines', async () => {
  const world = await begin()
  await create(world)
  const { id } = await serve(world, 0, false)
  world.engine.print(id, 'Traceback', 'ModuleNotFoundError: no model_fn')
  world.engine.end(id, { exit: { code: 3 } })
  const seen = await status(world, 'Failed')
  expect(seen.FailureReason).toMatch(
    /^The primary container for production variant AllTraffic did not pass the ping health check\. Please check CloudWatch logs for this endpoint \(\/aws\/sagemaker\/Endpoints\/e, stream AllTraffic\/i-\w+\)\. It ended with exit code 3\.\n/,
  )
  expect(seen.FailureReason).toMatch(/Traceback\nModuleNotFoundError: no model_fn$/)
  await until(() => world.engine.tasks.size === 0)
  expect(routed(world)).toEqual([])
  await configure(world, 'c2')
  const { UpdateEndpoint, UpdateEndpointWeightsAndCapacities } = world.service.operations
  const refused = /^Cannot update failed endpoint "arn:.*:endpoint\/e"\. Delete it and create it again: The primary/
  await expect(UpdateEndpoint.handle({ EndpointName: 'e', EndpointConfigName: 'c2' }, world.context())).rejects.toThrow(
    refused,
  )
  const change = { EndpointName: 'e', DesiredWeightsAndCapacities: [{ VariantName: 'AllTraffic', DesiredWeight: 2 }] }
  await expect(UpdateEndpointWeightsAndCapacities.handle(change, world.context())).rejects.toThrow(refused)
})

test('a reason ends with as many whole lines as it holds', async () => {
  const world = await begin()
  await create(world)
  const { id } = await serve(world, 0, false)
  world.engine.print(id, ...Array.from({ length: 19 }, (_, line) => `line ${line} ${'x'.repeat(100)}`), '😀 the end')
  world.engine.end(id, { exit: { code: 3 } })
  const { FailureReason = '' } = await status(world, 'Failed')
  const [, ...told] = FailureReason.split('\n')
  expect(told.at(-1)).toBe('😀 the end')
  expect(told.slice(0, -1).every((line) => /^line \d+ x{100}$/.test(line))).toBe(true)
  expect(FailureReason.length).toBeGreaterThan(1024 - 112)
  expect(FailureReason.length).toBeLessThanOrEqual(1024)
})

test('an instance that has ended tells why with its last state, and not before', async () => {
  const world = await begin()
  await create(world)
  const { id } = await serve(world, 0, false)
  world.engine.set(id, { phase: 'collecting', started: world.now(), since: world.now() })
  world.engine.print(id, 'exec failed')
  await until(async () => (await lines(world)).includes('exec failed'))
  expect((await describe(world)).EndpointStatus).toBe('Creating')
  const message = 'The image i cannot be started with "serve": No such file or directory. Put one there'
  world.engine.set(id, { phase: 'failed', message, fault: 'user', ended: world.now() })
  expect((await status(world, 'Failed')).FailureReason).toBe(
    `The primary container for production variant AllTraffic could not be started: ${message}`,
  )
})

test('an instance that a change of capacity has added tells why it ended with its last state', async () => {
  const world = await begin()
  await create(world)
  const old = await serve(world, 0)
  await status(world, 'InService')
  await world.service.operations.UpdateEndpointWeightsAndCapacities.handle(
    { EndpointName: 'e', DesiredWeightsAndCapacities: [{ VariantName: 'AllTraffic', DesiredInstanceCount: 2 }] },
    world.context(),
  )
  const { id } = await serve(world, 1, false)
  world.engine.set(id, { phase: 'collecting', started: world.now(), since: world.now() })
  world.engine.print(id, 'no more memory')
  await until(async () => (await lines(world)).includes('no more memory'))
  expect((await describe(world)).EndpointStatus).toBe('Updating')
  world.engine.end(id, { exit: { code: 9 } })
  expect((await status(world, 'InService')).FailureReason).toMatch(/ It ended with exit code 9\.\n/)
  expect(routed(world)).toEqual([old.id])
})

test('an instance that is never healthy fails the endpoint after its time', async () => {
  const world = await begin({ startupHealthCheckMs: 60_000 })
  await create(world)
  await serve(world, 0, false)
  await until(async () => (await world.service.work())[0]?.ping?.since === world.now())
  world.pass(59)
  expect((await describe(world)).EndpointStatus).toBe('Creating')
  const note =
    'Sagebrush: waiting for GET /ping to answer 200, for 59 s by now: nothing has answered. No request is sent here before.'
  await until(async () => (await lines(world)).at(-1) === note)
  world.pass(1)
  const seen = await status(world, 'Failed')
  expect(seen.FailureReason).toMatch(
    /did not pass the ping health check.* It had 60 s\.\n[\s\S]*serving\nSagebrush: waiting .*$/,
  )
  const [id] = [...world.engine.tasks.keys()]
  await until(() => world.engine.stoppedWithMs(id ?? '') === 30_000)
})

test('a failed update leaves the old deployment in service and says why', async () => {
  const world = await begin()
  await create(world)
  const old = await serve(world, 0)
  await status(world, 'InService')
  await configure(world, 'c2')
  await world.service.operations.UpdateEndpoint.handle({ EndpointName: 'e', EndpointConfigName: 'c2' }, world.context())
  const { id } = await until(() => world.engine.started[1])
  world.engine.set(id, { phase: 'failed', message: 'The archive has ".."', fault: 'user', ended: world.now() })
  const seen = await status(world, 'InService')
  expect(seen.EndpointConfigName).toBe('c1')
  expect(seen.FailureReason).toMatch(/could not be started: The archive has "\.\."/)
  expect(routed(world)).toEqual([old.id])
  await until(() => !world.engine.tasks.has(id))
  await world.service.operations.UpdateEndpoint.handle({ EndpointName: 'e', EndpointConfigName: 'c2' }, world.context())
  await serve(world, 2)
  expect(await status(world, 'InService')).toMatchObject({ EndpointConfigName: 'c2' })
})

test('the next server has the routes before it answers anybody', async () => {
  const world = await begin()
  await create(world)
  const { id, address } = await serve(world, 0)
  await status(world, 'InService')
  await world.service.close()
  world.routes.routes.clear()
  world.service = world.open()
  await world.service.restoreRoutes()
  expect(world.routes.routes.get('e')?.variants[0]?.instances).toMatchObject([{ taskId: id, address }])
  await world.service.start()
  await world.service.operations.DeleteEndpoint.handle({ EndpointName: 'e' }, world.context())
  await until(() => routed(world).length === 0)
  await world.service.close()
  world.service = world.open()
  await world.service.restoreRoutes()
  expect(routed(world)).toEqual([])
})

test('the next server finds the instances, routes to them at once, and deletes what was being deleted', async () => {
  const world = await begin()
  await create(world)
  const { id } = await serve(world, 0)
  await status(world, 'InService')
  await world.restart()
  await until(() => routed(world)[0] === id)
  expect(world.engine.started).toHaveLength(1)
  await world.service.operations.DeleteEndpoint.handle({ EndpointName: 'e' }, world.context())
  await until(() => routed(world).length === 0)
  expect((await describe(world)).EndpointStatus).toBe('Deleting')
  await world.restart()
  await until(() => world.engine.stoppedWithMs(id) === 30_000)
  world.engine.end(id)
  await until(() =>
    describe(world).then(
      () => false,
      (error: Error) => error,
    ),
  )
  await expect(describe(world)).rejects.toThrow(
    'Could not find endpoint "arn:aws:sagemaker:us-east-1:123456789012:endpoint/e".',
  )
  expect(world.engine.tasks.size).toBe(0)
})

test('retained properties: counts and weights stay, the excluded ones come from the new configuration', async () => {
  const world = await begin()
  const variant = { VariantName: 'v', ModelName: 'm', InstanceType: 'ml.m5.large' as const, InitialVariantWeight: 2 }
  await configure(world, 'two', { ProductionVariants: [{ ...variant, InitialInstanceCount: 2 }] })
  await configure(world, 'one', {
    ProductionVariants: [{ ...variant, InitialInstanceCount: 1, InitialVariantWeight: 5 }],
  })
  await create(world, 'two')
  await serve(world, 0)
  await serve(world, 1)
  await status(world, 'InService')
  const update = { EndpointName: 'e', EndpointConfigName: 'one', RetainAllVariantProperties: true }
  await world.service.operations.UpdateEndpoint.handle(
    { ...update, ExcludeRetainedVariantProperties: [{ VariantPropertyType: 'DesiredWeight' }] },
    world.context(),
  )
  const [pending] = (await describe(world)).PendingDeploymentSummary?.ProductionVariants ?? []
  expect(pending).toMatchObject({ DesiredInstanceCount: 2, DesiredWeight: 5 })
})

test('what is excluded from retaining comes from the new configuration too where nothing is retained', async () => {
  const world = await begin()
  const variant = { VariantName: 'v', ModelName: 'm', InstanceType: 'ml.m5.large' as const, InitialInstanceCount: 1 }
  await configure(world, 'old', { ProductionVariants: [{ ...variant, InitialVariantWeight: 2 }] })
  await configure(world, 'new', { ProductionVariants: [{ ...variant, InitialVariantWeight: 5 }] })
  await create(world, 'old')
  await serve(world, 0)
  await status(world, 'InService')
  const exclude = { ExcludeRetainedVariantProperties: [{ VariantPropertyType: 'DesiredInstanceCount' as const }] }
  const update = { EndpointName: 'e', EndpointConfigName: 'new', ...exclude }
  await world.service.operations.UpdateEndpoint.handle(update, world.context())
  const [pending] = (await describe(world)).PendingDeploymentSummary?.ProductionVariants ?? []
  expect(pending).toMatchObject({ DesiredInstanceCount: 1, DesiredWeight: 5 })
})

test('weights and capacities change in place: what is added waits for its health, what is dropped is drained', async () => {
  const world = await begin()
  await create(world)
  const first = await serve(world, 0)
  await status(world, 'InService')
  const { UpdateEndpointWeightsAndCapacities } = world.service.operations
  const change = async (DesiredInstanceCount: number, DesiredWeight: number) =>
    UpdateEndpointWeightsAndCapacities.handle(
      {
        EndpointName: 'e',
        DesiredWeightsAndCapacities: [{ VariantName: 'AllTraffic', DesiredInstanceCount, DesiredWeight }],
      },
      world.context(),
    )
  await change(2, 3)
  const second = await serve(world, 1, false)
  expect(await describe(world)).toMatchObject({
    EndpointStatus: 'Updating',
    ProductionVariants: [{ CurrentInstanceCount: 1, DesiredInstanceCount: 2 }],
  })
  expect(routed(world)).toEqual([first.id])
  world.healthy.add(JSON.stringify(second.address))
  expect((await status(world, 'InService')).ProductionVariants).toMatchObject([
    { CurrentInstanceCount: 2, CurrentWeight: 3 },
  ])
  expect(routed(world)).toEqual([first.id, second.id])
  await change(1, 1)
  await until(() => world.engine.stoppedWithMs(second.id) === 30_000)
  expect(routed(world)).toEqual([first.id])
  await expect((async () => change(1, 1))()).resolves.toBeDefined()
})

test('an instance that a change of capacity adds and that cannot start is taken away, and the endpoint goes on', async () => {
  const world = await begin()
  await create(world)
  const first = await serve(world, 0)
  await status(world, 'InService')
  const change = (DesiredInstanceCount: number) =>
    world.service.operations.UpdateEndpointWeightsAndCapacities.handle(
      { EndpointName: 'e', DesiredWeightsAndCapacities: [{ VariantName: 'AllTraffic', DesiredInstanceCount }] },
      world.context(),
    )
  await change(3)
  const second = await serve(world, 1)
  const third = await until(() => world.engine.started[2])
  const message = 'The data at s3://models/m/model.tar.gz is not there'
  world.engine.set(third.id, { phase: 'failed', fault: 'user', message, ended: world.now() })
  const seen = await status(world, 'InService')
  expect(seen.FailureReason).toContain(`for production variant AllTraffic could not be started: ${message}`)
  expect(seen.ProductionVariants).toMatchObject([{ CurrentInstanceCount: 1, DesiredInstanceCount: 1 }])
  await until(() => world.engine.stoppedWithMs(second.id) === 30_000)
  expect(routed(world)).toEqual([first.id])

  await change(2)
  await until(() => world.engine.started.length === 4)
  await serve(world, 3)
  const again = await status(world, 'InService')
  expect(again.FailureReason).toBeUndefined()
  expect(again.ProductionVariants).toMatchObject([{ CurrentInstanceCount: 2, DesiredInstanceCount: 2 }])
  // Once in service it is one like the others: where it dies it is replaced.
  const [, added = ''] = routed(world)
  world.engine.end(added, { exit: { code: 1 } })
  await until(() => routed(world).length === 1)
  world.pass(1)
  await until(() => world.engine.started.length === 5)
})

test('the last lines of a replaced instance are stored though the server died meanwhile', async () => {
  const world = await begin()
  await create(world)
  const old = await serve(world, 0)
  await status(world, 'InService')
  await configure(world, 'c2')
  await world.service.operations.UpdateEndpoint.handle({ EndpointName: 'e', EndpointConfigName: 'c2' }, world.context())
  await serve(world, 1)
  await until(() => world.engine.stoppedWithMs(old.id) === 30_000)
  await world.service.close()
  world.engine.print(old.id, 'last words')
  await world.restart()
  world.engine.end(old.id)
  await until(() => !world.engine.tasks.has(old.id))
  const streams = await world.logs.streams(caller, '/aws/sagemaker/Endpoints/e')
  const pages = await Promise.all(
    streams.map(({ name }) =>
      world.logs.read(caller, '/aws/sagemaker/Endpoints/e', name, {
        from: 0,
        direction: 'forward',
        limit: 100,
        maxBytes: 1e6,
      }),
    ),
  )
  const lines = pages.map(({ events }) => events.map(({ message }) => message).slice(1))
  expect(lines).toContainEqual(['serving', 'last words'])
})

test.each([
  ['another server right after Create', 0],
  ['another server while the instance starts', 1],
  ['another server once it is healthy', 2],
])('%s brings the endpoint into service with the same task', async (_when, at) => {
  const world = await begin()
  await create(world)
  if (at === 0) await world.restart()
  const { address } = await serve(world, 0, false)
  if (at === 1) await world.restart()
  world.healthy.add(JSON.stringify(address))
  if (at === 2) await world.restart()
  await status(world, 'InService')
  expect(world.engine.started).toHaveLength(1)
})
