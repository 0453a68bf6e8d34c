import type { CreateEndpointConfigInput, DescribeEndpointOutput } from '@sagebrush/contract/sagemaker'
import type { TaskAddress } from '@sagebrush/core'
import { IMAGE, ROLE, until, World } from './world.ts'

/** A started world with a model `m` and a configuration `c1`. */
export async function beginEndpoints(config: ConstructorParameters<typeof World>[0] = {}): Promise<World> {
  const world = new World(config)
  await world.service.start()
  world.objects.put('s3://models/m/model.tar.gz', 'archive')
  await world.service.operations.CreateModel.handle(
    {
      ModelName: 'm',
      ExecutionRoleArn: ROLE,
      PrimaryContainer: {
        Image: IMAGE,
        ModelDataUrl: 's3://models/m/model.tar.gz',
        Environment: {
          SAGEMAKER_PROGRAM: 'inference.py',
          SAGEMAKER_SUBMIT_DIRECTORY: 's3://models/m/sourcedir.tar.gz',
        },
      },
    },
    world.context(),
  )
  await configure(world, 'c1')
  return world
}

export async function configure(
  world: World,
  name: string,
  more: Partial<CreateEndpointConfigInput> = {},
): Promise<void> {
  await world.service.operations.CreateEndpointConfig.handle(
    {
      EndpointConfigName: name,
      ProductionVariants: [
        { VariantName: 'AllTraffic', ModelName: 'm', InstanceType: 'ml.m5.large', InitialInstanceCount: 1 },
      ],
      ...more,
    },
    world.context(),
  )
}

export function create(world: World, config = 'c1') {
  return world.service.operations.CreateEndpoint.handle(
    { EndpointName: 'e', EndpointConfigName: config },
    world.context(),
  )
}

export function describe(world: World): Promise<DescribeEndpointOutput> {
  return Promise.resolve(world.service.operations.DescribeEndpoint.handle({ EndpointName: 'e' }, world.context()))
}

export function status(world: World, wanted: string): Promise<DescribeEndpointOutput> {
  return until(async () => {
    const seen = await describe(world)
    return seen.EndpointStatus === wanted && seen
  })
}

export async function serve(
  world: World,
  index: number,
  healthy = true,
): Promise<{ id: string; address: TaskAddress }> {
  const { id } = await until(() => world.engine.started[index])
  const address = { socketPath: `/run/${id}` }
  world.engine.set(id, { phase: 'running', started: world.now(), address })
  world.engine.print(id, 'serving')
  if (healthy) world.healthy.add(JSON.stringify(address))
  return { id, address }
}

export function routed(world: World): string[] {
  return world.routes.routes.get('e')?.variants.flatMap(({ instances }) => instances.map(({ taskId }) => taskId)) ?? []
}
