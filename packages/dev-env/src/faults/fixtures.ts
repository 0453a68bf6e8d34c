import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { CloudWatchLogs } from '@aws-sdk/client-cloudwatch-logs'
import { S3 } from '@aws-sdk/client-s3'
import {
  type CreateTrainingJobCommandInput,
  type DescribeEndpointCommandOutput,
  type DescribeTrainingJobResponse,
  SageMaker,
} from '@aws-sdk/client-sagemaker'
import { SageMakerRuntime } from '@aws-sdk/client-sagemaker-runtime'
import type { ClientSettings } from '../index.ts'

export const role = (account: string) => `arn:aws:iam::${account}:role/SageMakerExecution`
export const image = '683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3'

let counter = 0
/** A name that no other test of this run has. */
export const unique = (stem: string) => `${stem}-${process.pid}-${++counter}`

/** The official clients of one account. */
export class Clients {
  readonly s3: S3
  readonly sagemaker: SageMaker
  readonly runtime: SageMakerRuntime
  readonly logs: CloudWatchLogs
  readonly account: string

  constructor(settings: ClientSettings, account: string) {
    this.s3 = new S3(settings)
    this.sagemaker = new SageMaker(settings)
    this.runtime = new SageMakerRuntime(settings)
    this.logs = new CloudWatchLogs(settings)
    this.account = account
  }

  destroy(): void {
    for (const client of [this.s3, this.sagemaker, this.runtime, this.logs]) client.destroy()
  }
}

/** A tar.gz of these files, made by tar. */
export async function archive(files: Readonly<Record<string, string>>): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'faults-'))
  try {
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(join(folder, 'in', name)), { recursive: true })
      await writeFile(join(folder, 'in', name), text)
    }
    await mkdir(join(folder, 'in'), { recursive: true })
    await promisify(execFile)('tar', ['-czf', join(folder, 'out.tar.gz'), '-C', join(folder, 'in'), '.'])
    return await readFile(join(folder, 'out.tar.gz'))
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** A bucket with one folder for code, data and artifacts. */
export async function makeBucket({ s3 }: Clients): Promise<string> {
  const bucket = unique('faults')
  await s3.createBucket({ Bucket: bucket })
  return bucket
}

export interface Training {
  readonly bucket: string
  /** Files of sourcedir.tar.gz, or the archive itself. */
  readonly code: Readonly<Record<string, string>> | Uint8Array
  readonly program?: string
  readonly hyperparameters?: Readonly<Record<string, string>>
  readonly request?: Partial<CreateTrainingJobCommandInput>
}

/** Uploads the code and creates the job; resolves to its name. */
export async function startTraining(clients: Clients, training: Training): Promise<string> {
  const name = training.request?.TrainingJobName ?? unique('job')
  const { bucket, code } = training
  const Body = code instanceof Uint8Array ? code : await archive(code)
  await clients.s3.putObject({ Bucket: bucket, Key: `${name}/sourcedir.tar.gz`, Body })
  await clients.sagemaker.createTrainingJob({
    TrainingJobName: name,
    RoleArn: role(clients.account),
    AlgorithmSpecification: { TrainingImage: image, TrainingInputMode: 'File' },
    HyperParameters: {
      sagemaker_program: training.program ?? 'train.py',
      sagemaker_submit_directory: `s3://${bucket}/${name}/sourcedir.tar.gz`,
      ...training.hyperparameters,
    },
    OutputDataConfig: { S3OutputPath: `s3://${bucket}/out` },
    ResourceConfig: { InstanceType: 'ml.m5.large', InstanceCount: 1, VolumeSizeInGB: 10 },
    StoppingCondition: { MaxRuntimeInSeconds: 3600 },
    ...training.request,
  })
  return name
}

/** Polls until `ready` gives something, and fails by name after the deadline. */
export async function until<T>(what: string, ready: () => Promise<T | undefined>, seconds = 60): Promise<T> {
  const deadline = Date.now() + seconds * 1000
  for (;;) {
    const found = await ready()
    if (found !== undefined) return found
    if (Date.now() > deadline) throw new Error(`${what} did not happen within ${seconds} s`)
    await delay(30)
  }
}

export const ended = ({ sagemaker }: Clients, name: string, seconds?: number): Promise<DescribeTrainingJobResponse> =>
  until(
    `the end of ${name}`,
    async () => {
      const job = await sagemaker.describeTrainingJob({ TrainingJobName: name })
      return ['Completed', 'Failed', 'Stopped'].includes(job.TrainingJobStatus ?? '') ? job : undefined
    },
    seconds,
  )

export async function train(clients: Clients, training: Training): Promise<DescribeTrainingJobResponse> {
  return ended(clients, await startTraining(clients, training))
}

/** All lines of a group's first stream of that prefix; empty where there are none yet. */
export async function logOf({ logs }: Clients, group: string, prefix?: string): Promise<readonly string[]> {
  const logGroupName = `/aws/sagemaker/${group}`
  const { logStreams = [] } = await logs
    .describeLogStreams({ logGroupName, logStreamNamePrefix: prefix })
    .catch((error: Error) => {
      if (error.name === 'ResourceNotFoundException') return { logStreams: [] }
      throw error
    })
  const logStreamName = logStreams[0]?.logStreamName
  if (logStreamName === undefined) return []
  const lines: string[] = []
  for (let nextToken: string | undefined; ; ) {
    const page = await logs.getLogEvents({ logGroupName, logStreamName, startFromHead: true, nextToken })
    lines.push(...(page.events ?? []).map(({ message = '' }) => message))
    if (page.nextForwardToken === nextToken || page.events?.length === 0) return lines
    nextToken = page.nextForwardToken
  }
}

export const trainingLog = (clients: Clients, name: string) => logOf(clients, 'TrainingJobs', `${name}/`)

export interface Serving {
  readonly bucket: string
  /** Files of model.tar.gz, or the archive itself, or undefined where none is to be there. */
  readonly model: Readonly<Record<string, string>> | Uint8Array | undefined
  readonly environment?: Readonly<Record<string, string>>
  readonly name?: string
}

/** Model, configuration and endpoint of one name. */
export async function deploy(clients: Clients, serving: Serving): Promise<string> {
  const { name = unique('endpoint') } = serving
  const { bucket, model } = serving
  const Key = `${name}/model.tar.gz`
  if (model) {
    const Body = model instanceof Uint8Array ? model : await archive(model)
    await clients.s3.putObject({ Bucket: bucket, Key, Body })
  }
  await clients.sagemaker.createModel({
    ModelName: name,
    ExecutionRoleArn: role(clients.account),
    PrimaryContainer: {
      Image: image,
      ModelDataUrl: `s3://${bucket}/${Key}`,
      Environment: { SAGEMAKER_PROGRAM: 'serve.py', ...serving.environment },
    },
  })
  await clients.sagemaker.createEndpointConfig({
    EndpointConfigName: name,
    ProductionVariants: [
      { VariantName: 'AllTraffic', ModelName: name, InitialInstanceCount: 1, InstanceType: 'ml.m5.large' },
    ],
  })
  await clients.sagemaker.createEndpoint({ EndpointName: name, EndpointConfigName: name })
  return name
}

export const settled = (
  { sagemaker }: Clients,
  name: string,
  seconds?: number,
): Promise<DescribeEndpointCommandOutput> =>
  until(
    `the outcome of ${name}`,
    async () => {
      const endpoint = await sagemaker.describeEndpoint({ EndpointName: name })
      return ['InService', 'Failed'].includes(endpoint.EndpointStatus ?? '') ? endpoint : undefined
    },
    seconds,
  )

export async function undeploy({ sagemaker }: Clients, name: string): Promise<void> {
  await sagemaker.deleteEndpoint({ EndpointName: name })
  await sagemaker.deleteEndpointConfig({ EndpointConfigName: name })
  await sagemaker.deleteModel({ ModelName: name })
  await until(`the end of ${name}`, async () => {
    const { Endpoints } = await sagemaker.listEndpoints({ NameContains: name })
    return Endpoints?.length === 0 ? true : undefined
  })
}

/** What a call was refused with. Fails where it was not. */
export async function refused(call: Promise<unknown>): Promise<RefusedCall> {
  try {
    await call
  } catch (error) {
    if (error instanceof Error && '$metadata' in error) return error as RefusedCall
    throw error
  }
  throw new Error('the call was accepted')
}

export interface RefusedCall extends Error {
  readonly $metadata: { readonly httpStatusCode?: number; readonly attempts?: number }
}
