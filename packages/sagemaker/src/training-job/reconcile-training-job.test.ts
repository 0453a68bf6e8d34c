import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CreateTrainingJobRequest, DescribeTrainingJobResponse } from '@sagebrush/contract/sagemaker'
import { afterEach, expect, test } from 'vitest'
import { caller, IMAGE, ROLE, until, World } from '../testing/world.ts'

const folders: string[] = []
const worlds: World[] = []

afterEach(async () => {
  for (const world of worlds.splice(0)) {
    await world.service.close()
    expect(world.errors).toEqual([])
  }
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true })
})

async function begin(): Promise<World> {
  const world = new World()
  worlds.push(world)
  await world.service.start()
  world.objects.put('s3://data/iris/train.csv', '1,2')
  return world
}

async function archive(name: string, content: string) {
  const folder = await mkdtemp(join(tmpdir(), 'sagemaker-test-'))
  folders.push(folder)
  const file = join(folder, name)
  await writeFile(file, content)
  return { archive: name, file, sizeBytes: content.length, md5: '' }
}

function request(name: string, more: Partial<CreateTrainingJobRequest> = {}): CreateTrainingJobRequest {
  return {
    TrainingJobName: name,
    RoleArn: ROLE,
    AlgorithmSpecification: { TrainingImage: IMAGE, TrainingInputMode: 'File' },
    HyperParameters: { sagemaker_submit_directory: '"s3://data/code/sourcedir.tar.gz"', C: '1.0' },
    InputDataConfig: [
      {
        ChannelName: 'train',
        DataSource: { S3DataSource: { S3DataType: 'S3Prefix', S3Uri: 's3://data/iris' } },
      },
    ],
    OutputDataConfig: { S3OutputPath: 's3://out/' },
    ResourceConfig: { InstanceType: 'ml.m5.large', InstanceCount: 1, VolumeSizeInGB: 1 },
    StoppingCondition: { MaxRuntimeInSeconds: 600 },
    ...more,
  }
}

function describe(world: World, name: string): Promise<DescribeTrainingJobResponse> {
  return Promise.resolve(
    world.service.operations.DescribeTrainingJob.handle({ TrainingJobName: name }, world.context()),
  )
}

async function taskOf(world: World, index = 0): Promise<string> {
  return (await until(() => world.engine.started[index])).id
}

test('a job runs from Create to Completed, with every transition, its log and its model', async () => {
  const world = await begin()
  const { TrainingJobArn } = await world.service.operations.CreateTrainingJob.handle(request('iris'), world.context())
  expect(TrainingJobArn).toBe('arn:aws:sagemaker:us-east-1:123456789012:training-job/iris')
  const id = await taskOf(world)
  world.pass(1)
  world.engine.run(id)
  world.engine.print(id, 'one', 'two', 'three')
  await until(async () => (await describe(world, 'iris')).SecondaryStatus === 'Training')
  world.pass(3)
  world.engine.end(id, { outputs: [await archive('model.tar.gz', 'the model')] })
  const job = await until(async () => {
    const seen = await describe(world, 'iris')
    return seen.TrainingJobStatus === 'Completed' && seen
  })
  expect(job.SecondaryStatusTransitions?.map(({ Status }) => Status)).toEqual([
    'Starting',
    'Downloading',
    'Training',
    'Uploading',
    'Completed',
  ])
  expect(job.TrainingTimeInSeconds).toBe(4)
  expect(job.OutputDataConfig).toEqual({ KmsKeyId: '', CompressionType: 'GZIP', S3OutputPath: 's3://out/' })
  expect(job.ModelArtifacts).toEqual({ S3ModelArtifacts: 's3://out/iris/output/model.tar.gz' })
  expect(Buffer.from(world.objects.get('s3://out/iris/output/model.tar.gz') ?? []).toString()).toBe('the model')
  const epoch = Math.floor(Date.parse('2026-03-01T12:00:00Z') / 1000)
  const { events } = await world.logs.read(caller, '/aws/sagemaker/TrainingJobs', `iris/algo-1-${epoch}`, {
    from: 0,
    direction: 'forward',
    limit: 100,
    maxBytes: 1e6,
  })
  expect(events.map(({ message }) => message)).toEqual([
    `Sagebrush: scikit-learn 1.2 stands in for ${IMAGE} (asked for 1.2-1)`,
    `Sagebrush: the execution role ${ROLE} did not exist and was created, trusted by sagemaker.amazonaws.com`,
    'one',
    'two',
    'three',
  ])
  await until(() => world.engine.tasks.size === 0)
})
