import { expect, onTestFinished, test } from 'vitest'
import { beginEndpoints, configure, create, serve, status } from '../testing/endpoints.ts'
import { until, type World } from '../testing/world.ts'

async function begin(): Promise<World> {
  const world = await beginEndpoints({ pollMs: 1, drainMs: 60_000 })
  onTestFinished(async () => {
    await world.service.close()
    expect(world.errors).toEqual([])
  })
  return world
}

/** Resolves once the task was looked at twice more: the second look follows a whole step at this time. */
async function stepsPass(world: World, taskId: string): Promise<void> {
  const { engine } = world
  let looks = 0
  const { observe } = engine
  engine.observe = (id) => {
    if (id === taskId) looks++
    return observe.call(engine, id)
  }
  await until(() => looks >= 2)
  engine.observe = observe
}

test('a request that never ends keeps a replaced instance no longer than the bound of draining', async () => {
  const world = await begin()
  await create(world)
  const old = await serve(world, 0)
  await status(world, 'InService')
  world.routes.busy.set(old.id, 1)
  await configure(world, 'c2')
  await world.service.operations.UpdateEndpoint.handle({ EndpointName: 'e', EndpointConfigName: 'c2' }, world.context())
  await serve(world, 1)
  await status(world, 'InService')
  world.pass(59.999)
  await stepsPass(world, old.id)
  expect(world.engine.stoppedWithMs(old.id)).toBeUndefined()
  world.pass(0.001)
  await until(() => world.engine.stoppedWithMs(old.id) === 30_000)
})

test('nor an instance of an endpoint that is deleted, however often that is asked', async () => {
  const world = await begin()
  await create(world)
  const { id } = await serve(world, 0)
  await status(world, 'InService')
  world.routes.busy.set(id, 1)
  const { DeleteEndpoint } = world.service.operations
  const remove = async () => DeleteEndpoint.handle({ EndpointName: 'e' }, world.context())
  expect(await remove()).toEqual({})
  world.pass(59.999)
  expect(await remove()).toEqual({})
  await stepsPass(world, id)
  expect(world.engine.stoppedWithMs(id)).toBeUndefined()
  world.pass(0.001)
  await until(() => world.engine.stoppedWithMs(id) === 30_000)
})
