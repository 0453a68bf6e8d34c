import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { CloudWatchLogs } from '@aws-sdk/client-cloudwatch-logs'
import { S3 } from '@aws-sdk/client-s3'
import { type CreateTrainingJobCommandInput, SageMaker } from '@aws-sdk/client-sagemaker'
import { SageMakerRuntime } from '@aws-sdk/client-sagemaker-runtime'
import { readClientFacts } from '@sagebrush/server/client'
import type { ServerProcess } from './start-server-process.ts'

export const image = '683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3'
const bucket = 'scripts'

export interface Clients {
  readonly sagemaker: SageMaker
  readonly runtime: SageMakerRuntime
  readonly logs: CloudWatchLogs
  readonly s3: S3
  readonly role: string
}

/** AWS's own clients for a server; one attempt each, so that a failed request is seen. */
export async function openClients(server: ServerProcess): Promise<Clients> {
  const { url: endpoint, region, accessKeyId, secretAccessKey, account } = readClientFacts(server.home)
  const settings = { endpoint, region, credentials: { accessKeyId, secretAccessKey }, maxAttempts: 1 }
  const s3 = new S3({ ...settings, forcePathStyle: true })
  await s3.createBucket({ Bucket: bucket })
  return {
    sagemaker: new SageMaker(settings),
    runtime: new SageMakerRuntime(settings),
    logs: new CloudWatchLogs(settings),
    s3,
    role: `arn:aws:iam::${account}:role/SageMakerExecution`,
  }
}

/** Starts a training job that runs `code`. */
export async function startJob(
  clients: Clients,
  name: string,
  code: string,
  more: Partial<CreateTrainingJobCommandInput> = {},
): Promise<void> {
  await clients.sagemaker.createTrainingJob({
    TrainingJobName: name,
    RoleArn: clients.role,
    AlgorithmSpecification: { TrainingImage: image, TrainingInputMode: 'File' },
    HyperParameters: {
      sagemaker_program: 'script.py',
      sagemaker_submit_directory: await putArchive(clients, name, { 'script.py': code }),
    },
    OutputDataConfig: { S3OutputPath: `s3://${bucket}/out` },
    ResourceConfig: { InstanceType: 'ml.m5.large', InstanceCount: 1, VolumeSizeInGB: 1 },
    StoppingCondition: { MaxRuntimeInSeconds: 600 },
    ...more,
  })
}

/** Polls until the job has ended; its description. */
export async function endOfJob(clients: Clients, name: string) {
  return await until(60_000, async () => {
    const job = await clients.sagemaker.describeTrainingJob({ TrainingJobName: name })
    return ['Completed', 'Failed', 'Stopped'].includes(job.TrainingJobStatus ?? '') ? job : undefined
  })
}

/** All lines of a job's log, in order. */
export async function linesOf(clients: Clients, job: string): Promise<readonly string[]> {
  const logGroupName = '/aws/sagemaker/TrainingJobs'
  const { logStreams = [] } = await clients.logs.describeLogStreams({ logGroupName, logStreamNamePrefix: `${job}/` })
  const lines: string[] = []
  for (const { logStreamName } of logStreams) {
    let nextToken: string | undefined
    for (;;) {
      const page = await clients.logs.getLogEvents({ logGroupName, logStreamName, startFromHead: true, nextToken })
      lines.push(...(page.events ?? []).map((event) => event.message ?? ''))
      if (page.nextForwardToken === nextToken) break
      nextToken = page.nextForwardToken
    }
  }
  return lines
}

/** A model with an endpoint configuration of the same name; `code` is its inference.py. */
export async function defineModel(clients: Clients, name: string, code: string, instances = 1): Promise<void> {
  await clients.sagemaker.createModel({
    ModelName: name,
    ExecutionRoleArn: clients.role,
    PrimaryContainer: {
      Image: image,
      ModelDataUrl: await putArchive(clients, name, { 'code/inference.py': code }),
      Environment: { SAGEMAKER_PROGRAM: 'inference.py', SAGEMAKER_SUBMIT_DIRECTORY: '/opt/ml/model/code' },
    },
  })
  await clients.sagemaker.createEndpointConfig({
    EndpointConfigName: name,
    ProductionVariants: [
      { VariantName: 'All', ModelName: name, InitialInstanceCount: instances, InstanceType: 'ml.m5.large' },
    ],
  })
}

export async function untilInService(clients: Clients, endpoint: string): Promise<void> {
  // The first one waits for the environment of the managed image, where the machine has none yet.
  await until(300_000, async () => {
    const { EndpointStatus, FailureReason } = await clients.sagemaker.describeEndpoint({ EndpointName: endpoint })
    if (EndpointStatus === 'Failed') throw new Error(FailureReason)
    return EndpointStatus === 'InService' ? true : undefined
  })
}

/** Deletes the endpoint and waits until it is gone: nothing of it stays on the machine. */
export async function deleteEndpoint(clients: Clients, endpoint: string): Promise<void> {
  await clients.sagemaker.deleteEndpoint({ EndpointName: endpoint })
  await until(30_000, async () => {
    const { Endpoints = [] } = await clients.sagemaker.listEndpoints({ NameContains: endpoint })
    return Endpoints.length === 0 ? true : undefined
  })
}

export async function invoke(clients: Clients, endpoint: string, body = ''): Promise<string> {
  const answer = await clients.runtime.invokeEndpoint({ EndpointName: endpoint, ContentType: 'text/csv', Body: body })
  return new TextDecoder().decode(answer.Body)
}

/** Polls until `ask` has an answer. */
export async function until<T>(timeoutMs: number, ask: () => Promise<T | undefined>): Promise<T> {
  const deadline = Date.now() + timeoutMs
  for (;;) {
    const answer = await ask()
    if (answer !== undefined) return answer
    if (Date.now() > deadline) throw new Error(`There is no answer within ${timeoutMs} ms`)
    await delay(20)
  }
}

async function putArchive(clients: Clients, name: string, files: Readonly<Record<string, string>>): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'archive-'))
  try {
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(join(folder, 'files', dirname(path)), { recursive: true })
      writeFileSync(join(folder, 'files', path), content)
    }
    execFileSync('tar', ['-czf', join(folder, 'archive.tar.gz'), '-C', join(folder, 'files'), '.'])
    const Body = readFileSync(join(folder, 'archive.tar.gz'))
    await clients.s3.putObject({ Bucket: bucket, Key: `${name}/archive.tar.gz`, Body })
    return `s3://${bucket}/${name}/archive.tar.gz`
  } finally {
    rmSync(folder, { recursive: true })
  }
}
