import type { TaskSpec } from '@sagebrush/core'
import { afterEach, expect, test } from 'vitest'
import { beginEndpoints, create, describe, routed, serve, status } from '../testing/endpoints.ts'
import { until, type World } from '../testing/world.ts'

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

test('an instance that dies in service is replaced, after growing pauses, and the endpoint stays in service', async () => {
  const world = await begin()
  await create(world)
  const first = await serve(world, 0)
  await status(world, 'InService')
  world.engine.end(first.id, { exit: { code: 1 } })
  await until(() => routed(world).length === 0)
  expect((await describe(world)).EndpointStatus).toBe('InService')
  expect(world.engine.started).toHaveLength(1)
  world.pass(0.5)
  const second = await serve(world, 1)
  await until(() => routed(world)[0] === second.id)
  world.engine.end(second.id, { exit: { code: 1 } })
  await until(() => routed(world).length === 0)
  world.pass(0.9)
  await new Promise((resolve) => setTimeout(resolve, 0))
  expect(world.engine.started).toHaveLength(2)
  world.pass(0.2)
  const third = await serve(world, 2)
  await until(() => routed(world)[0] === third.id)
  await until(() => world.engine.tasks.size === 1)
})

test('an instance that was healthy for a while is replaced at once, and one that its engine ended, however many died before', async () => {
  const world = await begin()
  await create(world)
  let number = 0
  const die = async (
    secondsHealthy: number,
    pauseSeconds: number,
    how: 'ends' | 'is lost' | 'is interrupted' = 'ends',
  ) => {
    const { id } = await serve(world, number++)
    await until(() => routed(world)[0] === id)
    world.pass(secondsHealthy)
    if (how === 'is lost')
      world.engine.set(id, { phase: 'failed', fault: 'platform', message: 'lost', ended: world.now() })
    else world.engine.end(id, { exit: { code: 1 }, ...(how === 'is interrupted' && { interruption: 'It was.' }) })
    await until(() => routed(world).length === 0)
    world.pass(pauseSeconds - 0.1)
    await new Promise((resolve) => setTimeout(resolve, 0))
    expect(world.engine.started).toHaveLength(number)
    world.pass(0.1)
    await until(() => world.engine.started.length === number + 1)
  }
  for (const pause of [0.5, 1, 2, 4]) await die(1, pause)
  await die(31, 0.5)
  await die(1, 1)
  await die(31, 0.5, 'is lost')
  await die(1, 1)
  await die(1, 0.5, 'is interrupted')
})

test('a server that starts while its engine is away answers, and routes once the engine is back', async () => {
  const world = await begin()
  await create(world)
  const { id } = await serve(world, 0)
  await status(world, 'InService')
  await world.service.close()
  world.routes.routes.clear()
  const there = { observe: world.engine.observe, remove: world.engine.remove }
  const away = async () => {
    throw new Error('No container engine answers')
  }
  await world.engine.start({ ...(world.engine.started[0] as TaskSpec), id: 'ep-nobodys' })
  Object.assign(world.engine, { observe: away, remove: away })
  world.service = world.open()
  await world.service.restoreRoutes()
  await world.service.start()
  expect((await describe(world)).EndpointStatus).toBe('InService')
  await until(() => world.errors.length > 1)
  world.errors.length = 0
  Object.assign(world.engine, there)
  await until(() => routed(world)[0] === id)
  await until(() => !world.engine.tasks.has('ep-nobodys'))
  world.errors.length = 0
})
