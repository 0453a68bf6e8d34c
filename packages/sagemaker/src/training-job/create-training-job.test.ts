import type { CreateTrainingJobRequest } from '@sagebrush/contract/sagemaker'
import { ApiError } from '@sagebrush/core'
import { expect, test } from 'vitest'
import { channel, createJob, describeJob, jobRequest } from '../testing/jobs.ts'
import { caller, IMAGE, ROLE, World } from '../testing/world.ts'

function ready(config: ConstructorParameters<typeof World>[0] = {}): World {
  const world = new World(config)
  world.objects.put('s3://data/iris/train.csv', '1,2')
  return world
}

const specification = { TrainingImage: IMAGE, TrainingInputMode: 'File' as const }
const s3 = (more: object) => ({
  ChannelName: 'train',
  DataSource: { S3DataSource: { S3DataType: 'S3Prefix' as const, S3Uri: 's3://data/iris', ...more } },
})

const bucketRule = 'of the form s3://bucket/prefix, the bucket of 3 to 63 lower-case letters, digits, "." and "-"'

const nuls: [string, Partial<CreateTrainingJobRequest>][] = [
  [
    'AlgorithmSpecification.ContainerEntrypoint[1]',
    { AlgorithmSpecification: { ...specification, ContainerEntrypoint: ['sh', 'a\0b'] } },
  ],
  [
    'AlgorithmSpecification.ContainerArguments[0]',
    { AlgorithmSpecification: { ...specification, ContainerArguments: ['a\0b'] } },
  ],
  ['Environment["B"]', { Environment: { A: 'x', B: 'x\0y' } }],
  ['Environment["A\\u0000"]', { Environment: { 'A\0': 'x' } }],
  ['HyperParameters["C"]', { HyperParameters: { C: '\0' } }],
  ['HyperParameters["\\u0000"]', { HyperParameters: { '\0': '1' } }],
  [
    'ResourceConfig.InstanceGroups[0]',
    {
      ResourceConfig: {
        InstanceGroups: [{ InstanceGroupName: 'a\0', InstanceType: 'ml.m5.large', InstanceCount: 1 }],
      },
    },
  ],
]

const refusals: [string, Partial<CreateTrainingJobRequest>, string][] = [
  [
    'no image',
    { AlgorithmSpecification: { TrainingInputMode: 'File' } },
    'You must provide either AlgorithmSpecification.TrainingImage or AlgorithmSpecification.AlgorithmName.',
  ],
  [
    'an algorithm',
    { AlgorithmSpecification: { AlgorithmName: 'a', TrainingInputMode: 'File' } },
    'AlgorithmSpecification.AlgorithmName "a" is not supported yet: give TrainingImage.',
  ],
  [
    'an unknown image',
    { AlgorithmSpecification: { ...specification, TrainingImage: 'my/image:1' } },
    'Cannot find image "my/image:1". The nearest is sagemaker-scikit-learn:1.2-1-cpu-py3.',
  ],
  [
    'a serverless job',
    { ServerlessJobConfig: { BaseModelArn: 'arn', JobType: 'FineTuning' } },
    'ServerlessJobConfig is not supported: give AlgorithmSpecification.TrainingImage and ResourceConfig.',
  ],
  [
    'no instances',
    { ResourceConfig: { VolumeSizeInGB: 1 } },
    'ResourceConfig must name InstanceType and InstanceCount, or InstanceGroups.',
  ],
  [
    'too long a run',
    { StoppingCondition: { MaxRuntimeInSeconds: 2_419_201 } },
    "StoppingCondition.MaxRuntimeInSeconds 2419201 is above this installation's limit of 2419200.",
  ],
  [
    'spot without patience',
    { EnableManagedSpotTraining: true, StoppingCondition: { MaxRuntimeInSeconds: 10, MaxWaitTimeInSeconds: 5 } },
    'Invalid MaxWaitTimeInSeconds. It must be present and be greater than or equal to MaxRuntimeInSeconds.',
  ],
  [
    'patience without spot',
    { StoppingCondition: { MaxRuntimeInSeconds: 10, MaxWaitTimeInSeconds: 20 } },
    'Invalid MaxWaitTimeInSeconds. It is only supported when EnableManagedSpotTraining is set to true',
  ],
  [
    'an output that is not in S3',
    { OutputDataConfig: { S3OutputPath: 'https://out/x' } },
    `OutputDataConfig.S3OutputPath "https://out/x" must be ${bucketRule}.`,
  ],
  [
    'an output bucket that no bucket can be',
    { OutputDataConfig: { S3OutputPath: 's3://Bad_Bucket!/x' } },
    `OutputDataConfig.S3OutputPath "s3://Bad_Bucket!/x" must be ${bucketRule}.`,
  ],
  [
    'a bucket for checkpoints that no bucket can be',
    { CheckpointConfig: { S3Uri: 's3://B/x' } },
    `CheckpointConfig.S3Uri "s3://B/x" must be ${bucketRule}.`,
  ],
  ...[
    ...['/', '/..', '/opt/ml', '/opt/ml/../..', '/opt/ml/a/../b', '/opt/ml//a', '/tmp/ckpt', 'ckpt'],
    ...['/opt/ml/model', '/opt/ml/input/data', '/opt/ml/output/', '/another-task/ml/model'],
  ].map((path): [string, Partial<CreateTrainingJobRequest>, string] => [
    `checkpoints at ${path}`,
    { CheckpointConfig: { S3Uri: 's3://bucket/x', LocalPath: path } },
    `CheckpointConfig.LocalPath "${path}" must be a folder below /opt/ml, without "." and "..", and not /opt/ml/input, /opt/ml/model, /opt/ml/output, /opt/ml/code or within them: leave it out for /opt/ml/checkpoints.`,
  ]),
  ...['.', '..'].map((name): [string, Partial<CreateTrainingJobRequest>, string] => [
    `a channel named ${name}`,
    { InputDataConfig: [{ ...s3({}), ChannelName: name }] },
    `InputDataConfig[0] ("${name}"): ChannelName must name a folder: it is "${name}".`,
  ]),
  ...nuls.map(([member, more]): [string, Partial<CreateTrainingJobRequest>, string] => [
    `a NUL in ${member}`,
    more,
    `${member} has a NUL character, which no command argument or environment variable can hold: leave it out, or encode the text.`,
  ]),
  [
    'pipe mode',
    { AlgorithmSpecification: { ...specification, TrainingInputMode: 'Pipe' } },
    'InputDataConfig[0] ("train"): input mode Pipe is not supported: use File or FastFile.',
  ],
  [
    'pipe mode without a channel',
    { AlgorithmSpecification: { ...specification, TrainingInputMode: 'Pipe' }, InputDataConfig: [] },
    'AlgorithmSpecification.TrainingInputMode Pipe is not supported: use File or FastFile.',
  ],
  [
    'an augmented manifest',
    { InputDataConfig: [s3({ S3DataType: 'AugmentedManifestFile' })] },
    'InputDataConfig[0] ("train"): S3DataType AugmentedManifestFile needs input mode Pipe, which is not supported: use ManifestFile or S3Prefix.',
  ],
  [
    'gzip',
    { InputDataConfig: [{ ...s3({}), CompressionType: 'Gzip' }] },
    'InputDataConfig[0] ("train"): CompressionType Gzip is for input mode Pipe: leave it out or set None.',
  ],
  [
    'recordio',
    { InputDataConfig: [{ ...s3({}), RecordWrapperType: 'RecordIO' }] },
    'InputDataConfig[0] ("train"): RecordWrapperType RecordIO is for input mode Pipe: leave it out or set None.',
  ],
  [
    'a file system',
    { InputDataConfig: [{ ChannelName: 'train', DataSource: {} }] },
    'InputDataConfig[0] ("train"): DataSource must be S3DataSource; file systems and datasets are not supported.',
  ],
  [
    'a group that is not there',
    { InputDataConfig: [s3({ InstanceGroupNames: ['gpu'] })] },
    'InputDataConfig[0] ("train"): InstanceGroupNames has "gpu", which ResourceConfig.InstanceGroups does not.',
  ],
  [
    'a type beside groups',
    {
      ResourceConfig: {
        InstanceType: 'ml.m5.large',
        InstanceGroups: [{ InstanceGroupName: 'a', InstanceType: 'ml.m5.large', InstanceCount: 1 }],
      },
    },
    'InstanceType or InstanceCount cannot be specified with InstanceGroups',
  ],
  [
    'a channel twice',
    { InputDataConfig: [s3({}), s3({})] },
    'InputDataConfig has more than one channel named "train".',
  ],
  [
    'a tag twice',
    {
      Tags: [
        { Key: 'a', Value: '1' },
        { Key: 'a', Value: '2' },
      ],
    },
    'Duplicate tag keys found: "a". Tag keys must be unique.',
  ],
]

test.each(refusals)('%s is refused, and nothing is recorded', async (_what, more, message) => {
  const world = ready()
  const error = await createJob(world, jobRequest('job', more)).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(ApiError)
  expect(error).toMatchObject({ name: 'ValidationException', message })
  await expect(describeJob(world)).rejects.toThrow('Requested resource not found.')
})

test.each([
  ['s3://data/nothing', ''],
  ['s3://missing/x', ' The bucket "missing" does not exist'],
])('a channel without objects at %s is refused in the words of AWS', async (uri, why) => {
  const world = ready()
  const bucket = uri.split('/')[2]
  await expect(createJob(world, jobRequest('job', { InputDataConfig: [channel('train', uri)] }))).rejects.toMatchObject(
    {
      name: 'ValidationException',
      message: `No S3 objects found under S3 URL "${uri}" given in input data source. Please ensure that the bucket exists in the selected region (us-east-1), that objects exist under that S3 prefix, and that the role "${ROLE}" has "s3:ListBucket" permissions on bucket "${bucket}".${why}`,
    },
  )
})

test('what the engine can never run is refused', async () => {
  const world = ready()
  world.engine.refusal = 'The command names /opt/ml, which needs mount namespaces.'
  await expect(createJob(world, jobRequest('job'))).rejects.toMatchObject({
    name: 'ValidationException',
    message: world.engine.refusal,
  })
})

test('a name is taken though its job has ended, until that is deleted', async () => {
  const world = ready()
  await world.service.start()
  await createJob(world, jobRequest('job'))
  const taken = {
    name: 'ResourceInUse',
    message:
      'Training job names must be unique within an AWS account and region, and a training job with this name already exists (arn:aws:sagemaker:us-east-1:123456789012:training-job/job)',
  }
  await expect(createJob(world, jobRequest('job'))).rejects.toMatchObject(taken)
  const { DeleteTrainingJob } = world.service.operations
  const remove = async () => DeleteTrainingJob.handle({ TrainingJobName: 'job' }, world.context())
  await expect(remove()).rejects.toMatchObject({
    name: 'ResourceInUse',
    message: 'The request was rejected because the training job is in status InProgress.',
  })
  await expect.poll(() => world.engine.started.length, { interval: 1 }).toBe(1)
  world.engine.end(world.engine.started[0]?.id ?? '', { exit: { code: 1 } })
  await expect.poll(async () => (await describeJob(world)).TrainingJobStatus, { interval: 1 }).toBe('Failed')
  await expect(createJob(world, jobRequest('job'))).rejects.toMatchObject(taken)
  await remove()
  await expect(remove()).rejects.toMatchObject({ name: 'ResourceNotFound', message: 'Requested resource not found.' })
  await createJob(world, jobRequest('job'))
  await world.service.close()
})

test('a slip in a count is refused before hosts are made of it', async () => {
  const world = ready()
  const ResourceConfig = { InstanceType: 'ml.m5.large', InstanceCount: 2_147_483_647, VolumeSizeInGB: 1 } as const
  await expect(createJob(world, jobRequest('many', { ResourceConfig }))).rejects.toMatchObject({
    name: 'ResourceLimitExceeded',
    message: expect.stringMatching(/is 1000 Instances, .* a request delta of 2147483647 Instances/),
  })
})

test('the instances of an account and region are limited where configured', async () => {
  const world = ready({ trainingInstances: 2 })
  await createJob(world, jobRequest('one'))
  await createJob(world, jobRequest('two'))
  await expect(createJob(world, jobRequest('three'))).rejects.toMatchObject({
    name: 'ResourceLimitExceeded',
    message:
      "The account-level service limit 'ml.m5.large for training job usage' is 2 Instances, with current utilization of 2 Instances and a request delta of 1 Instances. Please raise limits.trainingInstances in the server's configuration.",
  })
  const { CreateTrainingJob } = world.service.operations
  await CreateTrainingJob.handle(
    jobRequest('three', { InputDataConfig: [] }),
    world.context({ caller: { ...caller, region: 'eu-west-1' } }),
  )
})

test.each(['DescribeTrainingJob', 'StopTrainingJob'] as const)('%s of an unknown job', async (name) => {
  const world = ready()
  await expect(
    (async () => world.service.operations[name].handle({ TrainingJobName: 'none' }, world.context()))(),
  ).rejects.toMatchObject({
    name: 'ValidationException',
    message: 'Requested resource not found.',
  })
})
