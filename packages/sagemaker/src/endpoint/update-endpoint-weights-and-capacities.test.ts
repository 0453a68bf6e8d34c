import type { DesiredWeightAndCapacity } from '@sagebrush/contract/sagemaker'
import { expect, onTestFinished, test } from 'vitest'
import { beginEndpoints, configure, create, describe, serve, status } from '../testing/endpoints.ts'
import { until, type World } from '../testing/world.ts'

/** In service, with the variants `box`, of one instance, and `burst`, which is serverless. */
async function begin(config: Parameters<typeof beginEndpoints>[0] = {}): Promise<World> {
  const world = await beginEndpoints(config)
  onTestFinished(async () => {
    await world.service.close()
    expect(world.errors).toEqual([])
  })
  await configure(world, 'both', {
    ProductionVariants: [
      { VariantName: 'box', ModelName: 'm', InstanceType: 'ml.m5.large', InitialInstanceCount: 1 },
      { VariantName: 'burst', ModelName: 'm', ServerlessConfig: { MemorySizeInMB: 1024, MaxConcurrency: 2 } },
    ],
  })
  await create(world, 'both')
  await serve(world, 0)
  await serve(world, 1)
  await status(world, 'InService')
  return world
}

async function change(world: World, DesiredWeightsAndCapacities: DesiredWeightAndCapacity[]): Promise<unknown> {
  const { UpdateEndpointWeightsAndCapacities } = world.service.operations
  return UpdateEndpointWeightsAndCapacities.handle({ EndpointName: 'e', DesiredWeightsAndCapacities }, world.context())
}

const refusals: [string, DesiredWeightAndCapacity[], string][] = [
  [
    'a variant that is not there',
    [{ VariantName: 'other', DesiredWeight: 1 }],
    'Could not find variant "other" of endpoint "arn:aws:sagemaker:us-east-1:123456789012:endpoint/e".',
  ],
  [
    'no weight at all',
    [
      { VariantName: 'box', DesiredWeight: 0 },
      { VariantName: 'burst', DesiredWeight: 0 },
    ],
    'At least one production variant must have a DesiredWeight greater than 0.',
  ],
  [
    'a variant twice',
    [
      { VariantName: 'box', DesiredWeight: 2 },
      { VariantName: 'box', DesiredWeight: 3 },
    ],
    'Variant names must be unique: "box" is there more than once.',
  ],
  [
    'ServerlessUpdateConfig for instances',
    [{ VariantName: 'box', ServerlessUpdateConfig: { MaxConcurrency: 5 } }],
    'Production variant "box" is not serverless: leave ServerlessUpdateConfig out, and give DesiredInstanceCount.',
  ],
  [
    'DesiredInstanceCount without instances',
    [{ VariantName: 'burst', DesiredInstanceCount: 2 }],
    'Production variant "burst" is serverless: leave DesiredInstanceCount 2 out, and give ServerlessUpdateConfig.',
  ],
  [
    'more concurrency provisioned than there may be, of which only one is named',
    [{ VariantName: 'burst', ServerlessUpdateConfig: { ProvisionedConcurrency: 3 } }],
    'Production variant "burst": ServerlessUpdateConfig leads to ProvisionedConcurrency 3, which must be no more than MaxConcurrency, which is 2.',
  ],
]

test.each(refusals)('%s is refused, and nothing changes', async (_what, wanted, message) => {
  const world = await begin()
  const before = await describe(world)
  await expect(change(world, wanted)).rejects.toMatchObject({ name: 'ValidationException', message })
  expect(await describe(world)).toEqual(before)
})

test('ServerlessUpdateConfig changes what it names of a serverless variant', async () => {
  const world = await begin()
  await change(world, [{ VariantName: 'burst', ServerlessUpdateConfig: { MaxConcurrency: 5 } }])
  expect((await status(world, 'InService')).ProductionVariants).toMatchObject([
    { VariantName: 'box' },
    { VariantName: 'burst', CurrentServerlessConfig: { MemorySizeInMB: 1024, MaxConcurrency: 5 } },
  ])
})

test('more instances than the account may have are refused, and a weight of 0 takes no part in that', async () => {
  const world = await begin({ endpointInstances: 3 })
  const before = await describe(world)
  await expect(change(world, [{ VariantName: 'box', DesiredInstanceCount: 100_000 }])).rejects.toMatchObject({
    name: 'ResourceLimitExceeded',
    message: expect.stringMatching(
      /is 3 Instances, with current utilization of 2 .* delta of 99999 .*limits\.endpointInstances/,
    ),
  })
  expect(await describe(world)).toEqual(before)
  await change(world, [{ VariantName: 'burst', DesiredWeight: 0 }])
  expect((await status(world, 'InService')).ProductionVariants).toMatchObject([
    { VariantName: 'box', CurrentWeight: 1 },
    { VariantName: 'burst', CurrentWeight: 0 },
  ])
})

test('a change while another is under way is refused', async () => {
  const world = await begin()
  await change(world, [{ VariantName: 'box', DesiredInstanceCount: 2 }])
  await expect(change(world, [{ VariantName: 'box', DesiredWeight: 2 }])).rejects.toThrow(
    /Cannot update in-progress endpoint/,
  )
})

test('a change is the time of the last modification', async () => {
  const world = await begin()
  world.pass(60)
  await change(world, [{ VariantName: 'box', DesiredWeight: 3 }])
  expect((await describe(world)).LastModifiedTime).toEqual(world.now())
})

test('an instance that is dropped while one of an earlier change still has a request stops as that one does', async () => {
  const world = await begin({ pollMs: 1 })
  await change(world, [{ VariantName: 'box', DesiredInstanceCount: 3 }])
  const second = await serve(world, 2)
  const third = await serve(world, 3)
  await status(world, 'InService')
  for (const { id } of [second, third]) world.routes.busy.set(id, 1)
  await change(world, [{ VariantName: 'box', DesiredInstanceCount: 2 }])
  await status(world, 'InService')
  await change(world, [{ VariantName: 'box', DesiredInstanceCount: 1 }])
  await status(world, 'InService')
  expect([second, third].map(({ id }) => world.engine.stoppedWithMs(id))).toEqual([undefined, undefined])
  world.routes.busy.clear()
  await until(() => [second, third].every(({ id }) => world.engine.stoppedWithMs(id) !== undefined))
})
