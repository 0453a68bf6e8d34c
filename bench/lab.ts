import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { S3 } from '@aws-sdk/client-s3'
import { SageMaker } from '@aws-sdk/client-sagemaker'
import { SageMakerRuntime } from '@aws-sdk/client-sagemaker-runtime'
import { type ServerProcess, startServerProcess } from '@sagebrush/dev-env'
import { until } from './measure.ts'

interface Facts {
  readonly url: string
  readonly region: string
  readonly account: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly roleArn: string
}

/** A server as users have it, in a process of its own, and clients of it. */
export interface Lab {
  readonly home: string
  readonly facts: Facts
  readonly s3: S3
  readonly sagemaker: SageMaker
  readonly runtime: SageMakerRuntime
  /** The `sagebrush` command on its home. */
  readonly sagebrush: ServerProcess['sagebrush']
  /** Stops the server, works on its home, and starts it again at the same address. */
  whileDown(work: () => Promise<void>): Promise<Facts>
  close(): Promise<void>
}

export const bucket = 'bench'
const image = '683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3'

export async function openLab(): Promise<Lab> {
  const server = await startServerProcess()
  try {
    return await connect(server)
  } catch (error) {
    await server.close()
    throw error
  }
}

async function connect(server: ServerProcess): Promise<Lab> {
  const readFacts = async (): Promise<Facts> =>
    JSON.parse(await readFile(join(server.home, 'client', 'facts.json'), 'utf8'))
  const command = async (...args: readonly string[]) => {
    const done = await server.sagebrush(args)
    if (done.code !== 0) throw new Error(`sagebrush ${args.join(' ')}: ${done.stderr}${done.stdout}`)
  }
  const facts = await readFacts()
  // The server is a daemon: an interrupted bench must not leave it, nor its home.
  const interrupted = async () => {
    await server.close()
    process.off('SIGINT', interrupted).off('SIGTERM', interrupted)
    // The last of several servers to be closed ends the process.
    if (process.listenerCount('SIGTERM') === 0) process.exit(130)
  }
  process.on('SIGINT', interrupted).on('SIGTERM', interrupted)
  const client = {
    endpoint: facts.url,
    region: facts.region,
    credentials: { accessKeyId: facts.accessKeyId, secretAccessKey: facts.secretAccessKey },
    maxAttempts: 1,
  }
  const s3 = new S3({ ...client, forcePathStyle: true })
  await s3.createBucket({ Bucket: bucket })
  return {
    home: server.home,
    facts,
    sagebrush: server.sagebrush,
    s3,
    sagemaker: new SageMaker(client),
    runtime: new SageMakerRuntime(client),
    whileDown: async (work) => {
      await command('down')
      await work()
      await command('up', '-d', '--port', new URL(facts.url).port)
      return readFacts()
    },
    close: () => {
      process.off('SIGINT', interrupted).off('SIGTERM', interrupted)
      return server.close()
    },
  }
}

/** Packs a folder of `bench/models` or given files as .tar.gz and uploads it; resolves to its s3:// address. */
export async function uploadArchive(
  lab: Lab,
  key: string,
  files: Readonly<Record<string, string | Buffer>>,
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'sagebrush-bench-'))
  try {
    for (const [name, content] of Object.entries(files)) {
      await mkdir(dirname(join(folder, 'files', name)), { recursive: true })
      await writeFile(join(folder, 'files', name), content)
    }
    const archive = join(folder, 'archive.tar.gz')
    await promisify(execFile)('tar', ['-czf', archive, '-C', join(folder, 'files'), '.'])
    await lab.s3.putObject({ Bucket: bucket, Key: key, Body: await readFile(archive) })
    return `s3://${bucket}/${key}`
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** Starts a training job of one script, with a channel `train` where one is named; resolves when the server has taken it. */
export async function createJob(lab: Lab, name: string, code: string, channel?: string): Promise<void> {
  await lab.sagemaker.createTrainingJob({
    TrainingJobName: name,
    RoleArn: lab.facts.roleArn,
    AlgorithmSpecification: { TrainingImage: image, TrainingInputMode: 'File' },
    HyperParameters: { sagemaker_program: 'first.py', sagemaker_submit_directory: code },
    ...(channel && { InputDataConfig: [channelOf(channel)] }),
    OutputDataConfig: { S3OutputPath: `s3://${bucket}/out` },
    ResourceConfig: { InstanceType: 'ml.m5.large', InstanceCount: 1, VolumeSizeInGB: 1 },
    StoppingCondition: { MaxRuntimeInSeconds: 600 },
  })
}

/** A channel of all below an s3:// address. */
export function channelOf(uri: string) {
  return { ChannelName: 'train', DataSource: { S3DataSource: { S3DataType: 'S3Prefix' as const, S3Uri: uri } } }
}

/** Waits for the job's end; throws its FailureReason. The first job may make the image's environment. */
export async function jobDone(lab: Lab, name: string, everyMs = 20): Promise<void> {
  const job = await until(
    `the end of training job ${name}`,
    async () => {
      const found = await lab.sagemaker.describeTrainingJob({ TrainingJobName: name })
      return found.TrainingJobStatus === 'InProgress' ? undefined : found
    },
    { everyMs, limitMs: 300_000 },
  )
  if (job.TrainingJobStatus !== 'Completed')
    throw new Error(`${name} is ${job.TrainingJobStatus}: ${job.FailureReason}`)
}

/** Registers the echo model, with an environment of its own by which its processes can be told from others. */
export async function createEchoModel(
  lab: Lab,
  name: string,
  environment: Readonly<Record<string, string>>,
): Promise<void> {
  const inference = await readFile(fileURLToPath(new URL('models/echo/inference.py', import.meta.url)))
  const url = await uploadArchive(lab, 'echo/model.tar.gz', { 'code/inference.py': inference })
  await lab.sagemaker.createModel({
    ModelName: name,
    ExecutionRoleArn: lab.facts.roleArn,
    PrimaryContainer: {
      Image: image,
      ModelDataUrl: url,
      Environment: { SAGEMAKER_PROGRAM: 'inference.py', ...environment },
    },
  })
  await lab.sagemaker.createEndpointConfig({
    EndpointConfigName: name,
    ProductionVariants: [
      { VariantName: 'AllTraffic', ModelName: name, InstanceType: 'ml.m5.large', InitialInstanceCount: 1 },
    ],
  })
}

/** Creates the endpoint and waits until it is InService. */
export async function createEndpoint(lab: Lab, name: string, config: string): Promise<void> {
  await lab.sagemaker.createEndpoint({ EndpointName: name, EndpointConfigName: config })
  const endpoint = await until(
    `endpoint ${name}`,
    async () => {
      const found = await lab.sagemaker.describeEndpoint({ EndpointName: name })
      return found.EndpointStatus === 'Creating' ? undefined : found
    },
    { everyMs: 5, limitMs: 300_000 },
  )
  if (endpoint.EndpointStatus !== 'InService')
    throw new Error(`${name} is ${endpoint.EndpointStatus}: ${endpoint.FailureReason}`)
}

/** Deletes the endpoint and waits until it is gone, so that it costs the next sample nothing. */
export async function deleteEndpoint(lab: Lab, name: string): Promise<void> {
  await lab.sagemaker.deleteEndpoint({ EndpointName: name })
  await until(
    `the end of endpoint ${name}`,
    () =>
      lab.sagemaker.describeEndpoint({ EndpointName: name }).then(
        () => undefined,
        (error: Error) => {
          if (error.name === 'ValidationException') return true
          throw error
        },
      ),
    { everyMs: 10, limitMs: 60_000 },
  )
}
