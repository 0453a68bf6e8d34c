import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CreateTrainingJobRequest, DescribeTrainingJobResponse } from '@sagebrush/contract/sagemaker'
import type { CollectedOutput, StoredLogEvent } from '@sagebrush/core'
import { caller, IMAGE, ROLE, until, type World } from './world.ts'

/** A script mode job on `s3://data/iris`. */
export function jobRequest(name: string, more: Partial<CreateTrainingJobRequest> = {}): CreateTrainingJobRequest {
  return {
    TrainingJobName: name,
    RoleArn: ROLE,
    AlgorithmSpecification: { TrainingImage: IMAGE, TrainingInputMode: 'File' },
    HyperParameters: { sagemaker_submit_directory: '"s3://data/code/sourcedir.tar.gz"', C: '1.0' },
    InputDataConfig: [channel('train', 's3://data/iris')],
    OutputDataConfig: { S3OutputPath: 's3://out/' },
    ResourceConfig: { InstanceType: 'ml.m5.large', InstanceCount: 1, VolumeSizeInGB: 1 },
    StoppingCondition: { MaxRuntimeInSeconds: 600 },
    ...more,
  }
}

export function channel(name: string, uri: string) {
  return { ChannelName: name, DataSource: { S3DataSource: { S3DataType: 'S3Prefix' as const, S3Uri: uri } } }
}

export async function createJob(world: World, request: CreateTrainingJobRequest): Promise<void> {
  await world.service.operations.CreateTrainingJob.handle(request, world.context())
}

export async function describeJob(world: World, name = 'job'): Promise<DescribeTrainingJobResponse> {
  return world.service.operations.DescribeTrainingJob.handle({ TrainingJobName: name }, world.context())
}

export function jobStatus(world: World, wanted: string, name = 'job'): Promise<DescribeTrainingJobResponse> {
  return until(async () => {
    const seen = await describeJob(world, name)
    return (seen.TrainingJobStatus === wanted || seen.SecondaryStatus === wanted) && seen
  })
}

export function statuses(job: DescribeTrainingJobResponse): string[] {
  return (job.SecondaryStatusTransitions ?? []).map(({ Status }) => Status)
}

/** The ids of the first `count` tasks, once they are started. */
export async function taskIds(world: World, count = 1): Promise<string[]> {
  await until(() => world.engine.started.length >= count)
  return world.engine.started.map(({ id }) => id)
}

export async function firstTask(world: World): Promise<string> {
  const [id] = await taskIds(world)
  if (id === undefined) throw new Error('no task')
  return id
}

/** What the job's log holds, host by host. */
export async function logOf(world: World, stream: string): Promise<readonly StoredLogEvent[]> {
  const streams = await world.logs.streams(caller, '/aws/sagemaker/TrainingJobs')
  const found = streams.find(({ name }) => name.startsWith(stream))
  if (!found) return []
  const { events } = await world.logs.read(caller, '/aws/sagemaker/TrainingJobs', found.name, {
    from: 0,
    direction: 'forward',
    limit: 10_000,
    maxBytes: 1e9,
  })
  return events
}

/** Files in a folder that goes away with it. */
export class Archives implements AsyncDisposable {
  readonly #folder = mkdtemp(join(tmpdir(), 'sagemaker-test-'))
  #count = 0

  async output(archive: string, content: string | Uint8Array): Promise<CollectedOutput> {
    const file = join(await this.#folder, `${this.#count++}-${archive}`)
    await writeFile(file, content)
    return { archive, file, sizeBytes: content.length, md5: '' }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(await this.#folder, { recursive: true })
  }
}
