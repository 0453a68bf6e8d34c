import type { DeploymentConfig, UpdateEndpointInput } from '@sagebrush/contract/sagemaker'
import { afterEach, expect, test } from 'vitest'
import { beginEndpoints, configure, create, describe, routed, serve, status } from '../testing/endpoints.ts'
import { caller, until, type World } from '../testing/world.ts'

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

const variant = { VariantName: 'v', ModelName: 'm', InstanceType: 'ml.m5.large' as const, InitialInstanceCount: 1 }

const capture = (percentage: number) => ({
  EnableCapture: true,
  InitialSamplingPercentage: percentage,
  DestinationS3Uri: `s3://capture/${percentage}`,
  CaptureOptions: [{ CaptureMode: 'Input' as const }],
})

/** Updates the endpoint, brings the new instance into service, and resolves to what is described then. */
async function update(world: World, more: Omit<UpdateEndpointInput, 'EndpointName'>) {
  const next = world.engine.started.length
  await world.service.operations.UpdateEndpoint.handle({ EndpointName: 'e', ...more }, world.context())
  await serve(world, next)
  return status(world, 'InService')
}

test('ContainerStartupHealthCheckTimeoutInSeconds of the variant counts, not the installation’s', async () => {
  const world = await begin({ startupHealthCheckMs: 60_000 })
  await configure(world, 'patient', {
    ProductionVariants: [{ ...variant, ContainerStartupHealthCheckTimeoutInSeconds: 120 }],
  })
  await create(world, 'patient')
  await serve(world, 0, false)
  await until(async () => (await world.logs.streams(caller, '/aws/sagemaker/Endpoints/e')).length === 1)
  world.pass(119)
  // Longer than the reconciler takes to look again.
  await new Promise((resolve) => setTimeout(resolve, 150))
  expect((await describe(world)).EndpointStatus).toBe('Creating')
  world.pass(1)
  expect((await status(world, 'Failed')).FailureReason).toMatch(/did not pass the ping health check.* It had 120 s\./)
})

test('RetainDeploymentConfig keeps the deployment configuration, which is else forgotten', async () => {
  const world = await begin()
  await configure(world, 'c2')
  const DeploymentConfig: DeploymentConfig = {
    BlueGreenUpdatePolicy: { TrafficRoutingConfiguration: { Type: 'ALL_AT_ONCE', WaitIntervalInSeconds: 1 } },
  }
  await create(world)
  await serve(world, 0)
  expect(await status(world, 'InService')).not.toHaveProperty('LastDeploymentConfig')
  const set = await update(world, { EndpointConfigName: 'c2', DeploymentConfig })
  expect(set.LastDeploymentConfig).toEqual(DeploymentConfig)
  const kept = await update(world, { EndpointConfigName: 'c1', RetainDeploymentConfig: true })
  expect(kept.LastDeploymentConfig).toEqual(DeploymentConfig)
  const forgotten = await update(world, { EndpointConfigName: 'c2' })
  expect(forgotten).not.toHaveProperty('LastDeploymentConfig')
})

test('data capture is described as what it is, and is retained unless it is excluded', async () => {
  const world = await begin()
  await configure(world, 'tenth', { ProductionVariants: [variant], DataCaptureConfig: capture(10) })
  await configure(world, 'half', { ProductionVariants: [variant], DataCaptureConfig: capture(50) })
  await create(world, 'tenth')
  await serve(world, 0)
  const described = (percentage: number) => ({
    EnableCapture: true,
    CaptureStatus: 'Stopped',
    CurrentSamplingPercentage: percentage,
    DestinationS3Uri: `s3://capture/${percentage}`,
    KmsKeyId: '',
  })
  expect((await status(world, 'InService')).DataCaptureConfig).toEqual(described(10))
  const retaining = { EndpointConfigName: 'half', RetainAllVariantProperties: true }
  expect((await update(world, retaining)).DataCaptureConfig).toEqual(described(10))
  const excluding = { ...retaining, ExcludeRetainedVariantProperties: [{ VariantPropertyType: 'DataCaptureConfig' }] }
  expect((await update(world, excluding as typeof retaining)).DataCaptureConfig).toEqual(described(50))
})

test('a variant is described with what its configuration says of its accelerators', async () => {
  const world = await begin()
  const AcceleratorPartitionLayouts = [{ AcceleratorPartitionTypes: ['mig-1g.5gb'] }]
  await configure(world, 'parted', { ProductionVariants: [{ ...variant, AcceleratorPartitionLayouts }] })
  await create(world, 'parted')
  await serve(world, 0)
  expect((await status(world, 'InService')).ProductionVariants).toMatchObject([{ AcceleratorPartitionLayouts }])
})

test('the pause before a replacement doubles up to 30 s, and a long life begins it anew', async () => {
  const world = await begin()
  await create(world)
  let number = 0
  const die = async (seconds: number, pause: number) => {
    const { id } = await serve(world, number++)
    await until(() => routed(world)[0] === id)
    world.pass(seconds)
    world.engine.end(id, { exit: { code: 1 } })
    await until(() => routed(world).length === 0)
    world.pass(pause - 0.1)
    await new Promise((resolve) => setTimeout(resolve, 60))
    expect(world.engine.started, `after a pause of ${pause - 0.1} s`).toHaveLength(number)
    world.pass(0.1)
    await until(() => world.engine.started.length === number + 1)
  }
  for (const pause of [0.5, 1, 2, 4, 8, 16, 30, 30]) await die(1, pause)
  await die(301, 0.5)
})

test('a replacement that is never healthy is replaced too, and the endpoint stays in service', async () => {
  const world = await begin({ startupHealthCheckMs: 60_000 })
  await create(world)
  const first = await serve(world, 0)
  await status(world, 'InService')
  world.engine.end(first.id, { exit: { code: 1 } })
  await until(() => routed(world).length === 0)
  world.pass(0.5)
  const sick = await serve(world, 1, false)
  world.pass(59)
  await new Promise((resolve) => setTimeout(resolve, 150))
  expect(world.engine.stoppedWithMs(sick.id)).toBeUndefined()
  world.pass(1)
  await until(() => world.engine.stoppedWithMs(sick.id) === 30_000)
  world.engine.end(sick.id)
  world.pass(1)
  const third = await serve(world, 2)
  await until(() => routed(world)[0] === third.id)
  expect((await describe(world)).EndpointStatus).toBe('InService')
  await until(() => world.engine.tasks.size === 1)
})

test('the credentials of an instance last a year, for an endpoint has no end of its own', async () => {
  const world = await begin()
  await create(world)
  await serve(world, 0)
  // World makes the session token of the seconds asked for.
  expect(world.engine.started[0]?.serverEnvironment.AWS_SESSION_TOKEN).toBe(String(365 * 24 * 60 * 60))
})

test('the limit of instances counts those of the caller’s own account and region', async () => {
  const world = await begin({ endpointInstances: 1 })
  const { CreateEndpoint, CreateEndpointConfig, CreateModel, DescribeModel } = world.service.operations
  const { PrimaryContainer } = await DescribeModel.handle({ ModelName: 'm' }, world.context())
  const createAs = async (who: Partial<typeof caller>, EndpointName: string) => {
    const ctx = world.context({ caller: { ...caller, ...who } })
    if (who.account || who.region) {
      world.objects.put('s3://models/m/model.tar.gz', 'archive', ctx.caller)
      await CreateModel.handle({ ModelName: 'm', ...(PrimaryContainer ? { PrimaryContainer } : {}) }, ctx)
      await CreateEndpointConfig.handle({ EndpointConfigName: 'c1', ProductionVariants: [variant] }, ctx)
    }
    return CreateEndpoint.handle({ EndpointName, EndpointConfigName: 'c1' }, ctx)
  }
  await createAs({}, 'e')
  await createAs({ account: '210987654321' }, 'e')
  await createAs({ region: 'eu-west-1' }, 'e')
  await expect(createAs({}, 'f')).rejects.toThrow(
    "The account-level service limit 'instances for endpoint usage' is 1 Instances, with current utilization of 1 Instances and a request delta of 1 Instances.",
  )
})
