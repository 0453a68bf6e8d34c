import { createHash } from 'node:crypto'
import type {
  CreateEndpointConfigInput,
  CreateModelInput,
  CreateTrainingJobRequest,
} from '@sagebrush/contract/sagemaker'
import { expect, test } from 'vitest'
import { allMembers, commonMembers } from './testing/all-members.ts'
import { channel } from './testing/jobs.ts'
import { caller, IMAGE, ROLE, World } from './testing/world.ts'
import { describe } from './training-job/describe-training-job.ts'
import { newTrainingJob } from './training-job/training-job.ts'

const image = { kind: 'managed', name: 'scikit-learn', version: '1.2', reason: '' } as const

function generated<T>(shape: string): T {
  return allMembers(shape) as T
}

test('DescribeTrainingJob has every member of the request, with every member in it', () => {
  const request = generated<CreateTrainingJobRequest>('CreateTrainingJobRequest')
  const job = newTrainingJob(caller, request, new Date(), { image, roleCreated: false })
  const seen = describe(job)
  const members = commonMembers('CreateTrainingJobRequest', 'DescribeTrainingJobResponse')
  expect(members.length).toBeGreaterThan(25)
  for (const member of members) {
    expect(seen, member).toHaveProperty(member)
    expect(seen[member as keyof typeof seen], member).toEqual(request[member as keyof typeof request])
  }
})

test('the whole operations echo a request with all members that can be run here', async () => {
  const world = new World()
  world.objects.put('s3://data/train/a', '1')
  const all = generated<CreateTrainingJobRequest>('CreateTrainingJobRequest')
  // Refused, and each with an error of its own: see refusals.test.ts.
  const { ServerlessJobConfig: _serverless, ...rest } = all
  const { InstanceType: _type, InstanceCount: _count, ...groups } = all.ResourceConfig ?? {}
  const request: CreateTrainingJobRequest = {
    ...rest,
    RoleArn: ROLE,
    ResourceConfig: groups,
    OutputDataConfig: { ...all.OutputDataConfig, S3OutputPath: 's3://outputs' },
    CheckpointConfig: { S3Uri: 's3://outputs/checkpoints', LocalPath: '/opt/ml/mine/' },
    StoppingCondition: { MaxRuntimeInSeconds: 10, MaxWaitTimeInSeconds: 20, MaxPendingTimeInSeconds: 7_200 },
    AlgorithmSpecification: { ...all.AlgorithmSpecification, TrainingImage: IMAGE, TrainingInputMode: 'FastFile' },
    InputDataConfig: [
      {
        ...all.InputDataConfig?.[0],
        ...channel('train', 's3://data/train'),
        InputMode: 'File',
        CompressionType: 'None',
        RecordWrapperType: 'None',
      },
    ],
  }
  delete request.AlgorithmSpecification?.AlgorithmName
  const { Tags, SessionChainingConfig: _chaining, ...described } = request
  await world.service.operations.CreateTrainingJob.handle(request, world.context())
  const seen = await world.service.operations.DescribeTrainingJob.handle(
    { TrainingJobName: request.TrainingJobName },
    world.context(),
  )
  expect(seen).toMatchObject(described)
  const { TrainingJobArn: ResourceArn } = seen
  expect(await world.service.operations.ListTags.handle({ ResourceArn }, world.context())).toEqual({ Tags })
})

test('DescribeModel and DescribeEndpointConfig have every member of their requests', async () => {
  const world = new World()
  const { Containers: _containers, ...allModel } = generated<CreateModelInput>('CreateModelInput')
  const { ModelPackageName: _package, ...container } = allModel.PrimaryContainer ?? {}
  const model: CreateModelInput = {
    ...allModel,
    ModelName: 'm',
    PrimaryContainer: { ...container, Image: IMAGE },
  }
  const { S3DataSource } = model.PrimaryContainer?.ModelDataSource ?? {}
  world.objects.put(S3DataSource?.S3Uri ?? '', 'model')
  if (S3DataSource) S3DataSource.ETag = createHash('md5').update('model').digest('hex')
  await world.service.operations.CreateModel.handle(model, world.context())
  const { Tags: _modelTags, ...described } = model
  expect(await world.service.operations.DescribeModel.handle({ ModelName: 'm' }, world.context())).toMatchObject(
    described,
  )

  const all = generated<CreateEndpointConfigInput>('CreateEndpointConfigInput')
  const config: CreateEndpointConfigInput = {
    ...all,
    EndpointConfigName: 'c',
    ProductionVariants: all.ProductionVariants.flatMap(({ ServerlessConfig, ...variant }) => [
      { ...variant, ModelName: 'm' },
      // What is without a server has no instance type.
      { VariantName: 'serverless', ModelName: 'm', ...(ServerlessConfig ? { ServerlessConfig } : {}) },
    ]),
    ShadowProductionVariants: all.ProductionVariants.map(({ ServerlessConfig: _serverless, ...variant }) => ({
      ...variant,
      ModelName: 'm',
      VariantName: 'shadow',
    })),
  }
  await world.service.operations.CreateEndpointConfig.handle(config, world.context())
  const { Tags: _configTags, ...describedConfig } = config
  expect(
    await world.service.operations.DescribeEndpointConfig.handle({ EndpointConfigName: 'c' }, world.context()),
  ).toMatchObject(describedConfig)
})
