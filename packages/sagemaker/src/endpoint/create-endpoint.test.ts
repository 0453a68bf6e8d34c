import type { ContainerDefinition, CreateEndpointConfigInput } from '@sagebrush/contract/sagemaker'
import { expect, test } from 'vitest'
import { IMAGE, World } from '../testing/world.ts'

const ARN = 'arn:aws:sagemaker:us-east-1:123456789012'

async function withModel(container: ContainerDefinition = { Image: IMAGE }, more = {}): Promise<World> {
  const world = new World(more)
  world.objects.put('s3://models/m/', 'x')
  await world.service.operations.CreateModel.handle({ ModelName: 'm', PrimaryContainer: container }, world.context())
  return world
}

const variant = { VariantName: 'v', ModelName: 'm', InstanceType: 'ml.m5.large' as const, InitialInstanceCount: 1 }

const config = async (world: World, more: Partial<CreateEndpointConfigInput> = {}) =>
  world.service.operations.CreateEndpointConfig.handle(
    { EndpointConfigName: 'c', ProductionVariants: [variant], ...more },
    world.context(),
  )

const create = async (world: World, name = 'e') =>
  world.service.operations.CreateEndpoint.handle({ EndpointName: name, EndpointConfigName: 'c' }, world.context())

test('what is not there, in the words of AWS', async () => {
  const world = new World()
  const ctx = world.context()
  const { operations } = world.service
  const messages: [() => unknown, string][] = [
    [() => operations.DescribeModel.handle({ ModelName: 'x' }, ctx), `Could not find model "${ARN}:model/x".`],
    [() => operations.DeleteModel.handle({ ModelName: 'x' }, ctx), `Could not find model "${ARN}:model/x".`],
    [
      () => operations.DescribeEndpointConfig.handle({ EndpointConfigName: 'x' }, ctx),
      `Could not find endpoint configuration "${ARN}:endpoint-config/x".`,
    ],
    [
      () => operations.DeleteEndpointConfig.handle({ EndpointConfigName: 'x' }, ctx),
      `Could not find endpoint configuration "${ARN}:endpoint-config/x".`,
    ],
    [() => create(world), `Could not find endpoint configuration "${ARN}:endpoint-config/c".`],
    [() => config(world), `Could not find model "${ARN}:model/m".`],
    [
      () => operations.DescribeEndpoint.handle({ EndpointName: 'x' }, ctx),
      `Could not find endpoint "${ARN}:endpoint/x".`,
    ],
    [
      () => operations.DeleteEndpoint.handle({ EndpointName: 'x' }, ctx),
      `Could not find endpoint "${ARN}:endpoint/x".`,
    ],
    [
      () => operations.UpdateEndpoint.handle({ EndpointName: 'x', EndpointConfigName: 'c' }, ctx),
      `Could not find endpoint "${ARN}:endpoint/x".`,
    ],
  ]
  for (const [call, message] of messages) {
    await expect((async () => call())()).rejects.toMatchObject({ name: 'ValidationException', message })
  }
})

test('what is already there, in the words of AWS', async () => {
  const world = await withModel()
  await config(world)
  await create(world)
  const model = async () =>
    world.service.operations.CreateModel.handle({ ModelName: 'm', PrimaryContainer: { Image: IMAGE } }, world.context())
  await expect(model()).rejects.toThrow(`Cannot create already existing model "${ARN}:model/m".`)
  await expect(config(world)).rejects.toThrow(
    `Cannot create already existing endpoint configuration "${ARN}:endpoint-config/c".`,
  )
  await expect(create(world)).rejects.toThrow(`Cannot create already existing endpoint "${ARN}:endpoint/e".`)
})

test.each<[string, ContainerDefinition, string]>([
  ['no image', {}, 'A container must name its Image.'],
  [
    'an unknown image',
    { Image: 'my/image' },
    'Cannot find image "my/image". The nearest is sagemaker-scikit-learn:1.2-1-cpu-py3.',
  ],
  [
    'a model package',
    { Image: IMAGE, ModelPackageName: 'p' },
    'ModelPackageName "p" is not supported yet: give Image and ModelDataUrl.',
  ],
  [
    'absent data',
    { Image: IMAGE, ModelDataUrl: 's3://models/none.tar.gz' },
    'Could not find model data at s3://models/none.tar.gz.',
  ],
  [
    'an absent bucket',
    { Image: IMAGE, ModelDataUrl: 's3://missing/m.tar.gz' },
    'Could not find model data at s3://missing/m.tar.gz. The bucket "missing" does not exist',
  ],
  [
    'data elsewhere',
    { Image: IMAGE, ModelDataUrl: 'https://x/m.tar.gz' },
    'Model data "https://x/m.tar.gz" must be of the form s3://bucket/key.',
  ],
  [
    'data that changed',
    {
      Image: IMAGE,
      ModelDataSource: {
        S3DataSource: {
          S3Uri: 's3://models/m/',
          S3DataType: 'S3Object',
          CompressionType: 'Gzip',
          ETag: '0123456789abcdef0123456789abcdef',
        },
      },
    },
    'ModelDataSource.S3DataSource.ETag "0123456789abcdef0123456789abcdef" is not that of s3://models/m/, which is "9dd4e461268c8034f5c8564e155c67a6": give that one, or leave it out.',
  ],
])('a model with %s is refused', async (_what, container, message) => {
  await expect(withModel(container)).rejects.toMatchObject({ name: 'ValidationException', message })
})

test.each<[string, Partial<CreateEndpointConfigInput>, RegExp]>([
  [
    'asynchronous inference',
    { AsyncInferenceConfig: { OutputConfig: { S3OutputPath: 's3://o' } } },
    /AsyncInferenceConfig is not supported yet/,
  ],
  [
    'shadow variants',
    { ShadowProductionVariants: [{ ...variant, VariantName: 's' }] },
    /ShadowProductionVariants are not supported yet/,
  ],
  [
    'inference components',
    { ProductionVariants: [{ VariantName: 'v', InstanceType: 'ml.m5.large' }] },
    /inference components are not supported yet: give ModelName/,
  ],
])('an endpoint with %s is refused at once', async (_what, more, message) => {
  const world = await withModel()
  await config(world, more)
  await expect(create(world)).rejects.toThrow(message)
  expect((await world.service.operations.ListEndpoints.handle({}, world.context())).Endpoints).toEqual([])
})

test('pipelines and multi-model containers are stored, and refused by an endpoint', async () => {
  const multi = await withModel({ Image: IMAGE, Mode: 'MultiModel', ModelDataUrl: 's3://models/m/' })
  await config(multi)
  await expect(create(multi)).rejects.toThrow('Model "m": container mode MultiModel is not supported yet.')
  const world = new World()
  const { operations } = world.service
  const Containers = [{ Image: IMAGE }, { Image: IMAGE }]
  await operations.CreateModel.handle({ ModelName: 'm', Containers }, world.context())
  expect(await operations.DescribeModel.handle({ ModelName: 'm' }, world.context())).toMatchObject({
    Containers: [
      { Image: IMAGE, Mode: 'SingleModel' },
      { Image: IMAGE, Mode: 'SingleModel' },
    ],
    InferenceExecutionConfig: { Mode: 'Serial' },
    EnableNetworkIsolation: false,
  })
  await config(world)
  await expect(create(world)).rejects.toThrow('Model "m" has 2 containers: inference pipelines are not supported yet.')
})

test('a configuration echoes AWS’s defaults, and refuses variants that contradict each other', async () => {
  const world = await withModel()
  await config(world, { ProductionVariants: [{ ...variant, InstanceType: 'ml.t2.medium' }] })
  expect(
    await world.service.operations.DescribeEndpointConfig.handle({ EndpointConfigName: 'c' }, world.context()),
  ).toMatchObject({
    ProductionVariants: [{ VolumeSizeInGB: 4, InitialVariantWeight: 1 }],
    EnableNetworkIsolation: false,
  })
  const refused = (ProductionVariants: CreateEndpointConfigInput['ProductionVariants']) =>
    config(world, { EndpointConfigName: 'd', ProductionVariants })
  await expect(refused([variant, variant])).rejects.toThrow(
    'Variant names must be unique: "v" is there more than once.',
  )
  await expect(refused([{ VariantName: 'v', ModelName: 'm' }])).rejects.toThrow(
    'Production variant "v" must name InstanceType and InitialInstanceCount, or ServerlessConfig.',
  )
  const ServerlessConfig = { MemorySizeInMB: 2048, MaxConcurrency: 5 }
  const serverless = { VariantName: 'v', ModelName: 'm', ServerlessConfig }
  await expect(refused([{ ...serverless, InstanceType: 'ml.m5.large' }])).rejects.toThrow(
    'Production variant "v" names both ServerlessConfig and InstanceType ml.m5.large: leave one out.',
  )
  await expect(refused([{ ...serverless, ServerlessConfig: { ...ServerlessConfig, MemorySizeInMB: 1500 } }]))
    .rejects // (the values are those of ProductionVariantServerlessConfig in the API's reference)
    .toThrow(
      'Production variant "v": ServerlessConfig.MemorySizeInMB 1500 must be one of 1024, 2048, 3072, 4096, 5120, 6144.',
    )
  await expect(
    refused([{ ...serverless, ServerlessConfig: { ...ServerlessConfig, ProvisionedConcurrency: 6 } }]),
  ).rejects.toThrow(
    'Production variant "v": ServerlessConfig.ProvisionedConcurrency 6 must be no more than MaxConcurrency, which is 5.',
  )
  await expect(refused([{ ...variant, InitialVariantWeight: 0 }])).rejects.toThrow(
    'At least one production variant must have an InitialVariantWeight greater than 0.',
  )
  await expect(refused([serverless])).resolves.toBeDefined()
})

test('the instances of all endpoints are limited where configured', async () => {
  const world = await withModel({ Image: IMAGE }, { endpointInstances: 2 })
  await config(world, { ProductionVariants: [{ ...variant, InitialInstanceCount: 2 }] })
  await create(world)
  await expect(create(world, 'f')).rejects.toMatchObject({
    name: 'ResourceLimitExceeded',
    message: expect.stringMatching(
      /is 2 Instances, with current utilization of 2 Instances and a request delta of 2 Instances/,
    ),
  })
})

test('a slip in a count is refused before instances are made of it', async () => {
  const world = await withModel({ Image: IMAGE })
  await config(world, { ProductionVariants: [{ ...variant, InitialInstanceCount: 2_147_483_647 }] })
  await expect(create(world)).rejects.toMatchObject({
    name: 'ResourceLimitExceeded',
    message: expect.stringMatching(/is 1000 Instances, .* a request delta of 2147483647 Instances/),
  })
})
