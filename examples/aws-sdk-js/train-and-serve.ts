/**
 * Trains and serves with the AWS SDK for JavaScript v3. Nothing here knows of Sagebrush: the same file runs against AWS.
 *
 *     sagebrush run -- node train-and-serve.ts
 */
import { execFile } from 'node:child_process'
import { createReadStream } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { CloudWatchLogs } from '@aws-sdk/client-cloudwatch-logs'
import { S3 } from '@aws-sdk/client-s3'
import { type DescribeTrainingJobResponse, SageMaker } from '@aws-sdk/client-sagemaker'
import { SageMakerRuntime } from '@aws-sdk/client-sagemaker-runtime'
import { STS } from '@aws-sdk/client-sts'

const example = fileURLToPath(new URL('../sklearn-script-mode', import.meta.url))

/** What one run measured and got; times in milliseconds. */
export interface Outcome {
  readonly jobName: string
  readonly metrics: Readonly<Record<string, number>>
  readonly predictions: readonly string[]
  readonly createToFirstLineMs: number
  readonly createToInServiceMs: number
  readonly medianInvokeMs: number
}

/** Uploads, trains with a live log, deploys, predicts, deletes. `say` gets a line whenever there is something to tell. */
export async function trainAndServe(say: (line: string) => void): Promise<Outcome> {
  const sts = new STS()
  const account = (await sts.getCallerIdentity()).Account ?? ''
  const region = await sts.config.region()
  const job = {
    name: `js-example-${Date.now()}`,
    bucket: `js-example-${Date.now()}`,
    role: `arn:aws:iam::${account}:role/SageMakerExecution`,
    image: `683313688378.dkr.ecr.${region}.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3`,
  }
  await upload(job)
  say(`uploaded ${example.split('/').pop()} and two channels to s3://${job.bucket}`)
  const training = await train(job, say)
  const serving = await serve(job, training.description, say)
  await clean(job)
  return {
    jobName: job.name,
    metrics: Object.fromEntries(
      (training.description.FinalMetricDataList ?? []).map((metric) => [metric.MetricName ?? '', metric.Value ?? 0]),
    ),
    createToFirstLineMs: training.createToFirstLineMs,
    ...serving,
  }
}

interface Job {
  readonly name: string
  readonly bucket: string
  readonly role: string
  readonly image: string
}

async function upload(job: Job): Promise<void> {
  const s3 = new S3({ forcePathStyle: true })
  const work = await mkdtemp(join(tmpdir(), 'example-'))
  try {
    const archive = join(work, 'sourcedir.tar.gz')
    await promisify(execFile)('tar', ['-czf', archive, '-C', join(example, 'code'), '.'])
    await s3.createBucket({ Bucket: job.bucket })
    await s3.putObject({ Bucket: job.bucket, Key: 'code/sourcedir.tar.gz', Body: await readFile(archive) })
    for (const channel of ['train', 'test']) {
      const Body = createReadStream(join(example, 'data', `${channel}.csv`))
      await s3.putObject({ Bucket: job.bucket, Key: `data/${channel}/${channel}.csv`, Body })
    }
  } finally {
    await rm(work, { recursive: true })
  }
}

async function train(job: Job, say: (line: string) => void) {
  const sagemaker = new SageMaker()
  const logs = new CloudWatchLogs()
  const created = Date.now()
  await sagemaker.createTrainingJob({
    TrainingJobName: job.name,
    RoleArn: job.role,
    AlgorithmSpecification: {
      TrainingImage: job.image,
      TrainingInputMode: 'File',
      MetricDefinitions: [{ Name: 'test:accuracy', Regex: 'test:accuracy=([0-9.]+)' }],
    },
    HyperParameters: {
      sagemaker_program: 'train.py',
      sagemaker_submit_directory: `s3://${job.bucket}/code/sourcedir.tar.gz`,
      'n-estimators': '50',
      'max-depth': '4',
    },
    InputDataConfig: ['train', 'test'].map((ChannelName) => ({
      ChannelName,
      DataSource: { S3DataSource: { S3DataType: 'S3Prefix', S3Uri: `s3://${job.bucket}/data/${ChannelName}` } },
    })),
    OutputDataConfig: { S3OutputPath: `s3://${job.bucket}/jobs` },
    ResourceConfig: { InstanceType: 'ml.m5.large', InstanceCount: 1, VolumeSizeInGB: 10 },
    StoppingCondition: { MaxRuntimeInSeconds: 3600 },
  })
  let told = ''
  let token: string | undefined
  let firstLine: number | undefined
  for (;;) {
    const description = await sagemaker.describeTrainingJob({ TrainingJobName: job.name })
    const transition = description.SecondaryStatusTransitions?.at(-1)
    const status = `${transition?.Status}: ${transition?.StatusMessage}`
    if (status !== told) say(status)
    told = status
    const lines = await newLines(logs, job.name, token)
    token = lines.token
    for (const line of lines.events) say(`  | ${line.message}`)
    firstLine ??= lines.events.find((line) => line.message.startsWith('training'))?.timestamp
    if (['Completed', 'Failed', 'Stopped'].includes(description.TrainingJobStatus ?? '')) {
      if (description.TrainingJobStatus !== 'Completed') throw new Error(description.FailureReason)
      return { description, createToFirstLineMs: (firstLine ?? Number.NaN) - created }
    }
    await delay(50)
  }
}

async function newLines(logs: CloudWatchLogs, jobName: string, token: string | undefined) {
  const group = { logGroupName: '/aws/sagemaker/TrainingJobs' }
  try {
    const { logStreams } = await logs.describeLogStreams({ ...group, logStreamNamePrefix: `${jobName}/` })
    const logStreamName = logStreams?.[0]?.logStreamName
    if (!logStreamName) return { events: [], token }
    const page = await logs.getLogEvents({ ...group, logStreamName, startFromHead: true, nextToken: token })
    const events = (page.events ?? []).map(({ message = '', timestamp = 0 }) => ({ message, timestamp }))
    return { events, token: page.nextForwardToken }
  } catch (error) {
    if (error instanceof Error && error.name === 'ResourceNotFoundException') return { events: [], token }
    throw error
  }
}

async function serve(job: Job, trained: DescribeTrainingJobResponse, say: (line: string) => void) {
  const sagemaker = new SageMaker()
  await sagemaker.createModel({
    ModelName: job.name,
    ExecutionRoleArn: job.role,
    PrimaryContainer: {
      Image: job.image,
      ModelDataUrl: trained.ModelArtifacts?.S3ModelArtifacts,
      Environment: {
        SAGEMAKER_PROGRAM: 'train.py',
        SAGEMAKER_SUBMIT_DIRECTORY: `s3://${job.bucket}/code/sourcedir.tar.gz`,
      },
    },
  })
  await sagemaker.createEndpointConfig({
    EndpointConfigName: job.name,
    ProductionVariants: [
      { VariantName: 'AllTraffic', ModelName: job.name, InitialInstanceCount: 1, InstanceType: 'ml.m5.large' },
    ],
  })
  const created = Date.now()
  await sagemaker.createEndpoint({ EndpointName: job.name, EndpointConfigName: job.name })
  for (;;) {
    const { EndpointStatus, FailureReason } = await sagemaker.describeEndpoint({ EndpointName: job.name })
    if (EndpointStatus === 'InService') break
    if (EndpointStatus === 'Failed') throw new Error(FailureReason)
    await delay(10)
  }
  const createToInServiceMs = Date.now() - created
  say(`endpoint ${job.name} is InService`)
  return { createToInServiceMs, ...(await predict(job.name)) }
}

async function predict(endpoint: string) {
  const runtime = new SageMakerRuntime()
  const lines = (await readFile(join(example, 'data', 'test.csv'), 'utf8')).trim().split('\n').slice(1)
  // The file is ordered by species: eleven rows on, and round again, the first ones are of all three.
  const rows = lines.map((_, index) => lines[(index * 11) % lines.length] ?? '')
  const predictions: string[] = []
  const times: number[] = []
  for (const row of rows) {
    const features = row.split(',').slice(0, 4).join(',')
    const started = performance.now()
    const answer = await runtime.invokeEndpoint({
      EndpointName: endpoint,
      ContentType: 'text/csv',
      Accept: 'text/csv',
      Body: new TextEncoder().encode(features),
    })
    times.push(performance.now() - started)
    predictions.push(new TextDecoder().decode(answer.Body).trim())
  }
  const medianInvokeMs = times.sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? Number.NaN
  return { predictions, medianInvokeMs }
}

async function clean(job: Job): Promise<void> {
  const sagemaker = new SageMaker()
  await sagemaker.deleteEndpoint({ EndpointName: job.name })
  await sagemaker.deleteEndpointConfig({ EndpointConfigName: job.name })
  await sagemaker.deleteModel({ ModelName: job.name })
  const s3 = new S3({ forcePathStyle: true })
  const { Contents = [] } = await s3.listObjectsV2({ Bucket: job.bucket })
  for (const { Key } of Contents) await s3.deleteObject({ Bucket: job.bucket, Key })
  await s3.deleteBucket({ Bucket: job.bucket })
}

if (import.meta.main) {
  const outcome = await trainAndServe((line) => console.log(line))
  console.log(JSON.stringify(outcome))
}
