import { setTimeout as delay } from 'node:timers/promises'
import { CloudWatchLogs, ResourceNotFoundException } from '@aws-sdk/client-cloudwatch-logs'
import { SageMaker } from '@aws-sdk/client-sagemaker'
import { type LoadedConfig, runningServer } from '@sagebrush/server/client'
import { UserError } from './explain.ts'
import { type Running, requireRunning } from './running.ts'

const POLL_MS = 100
const AWAY_POLL_MS = 500

/** What has the log: its group, the beginning of its streams' names, and how to tell that nothing more comes. */
interface Source {
  readonly group: string
  readonly prefix: string
  /** Resolves to the final status, or undefined while lines may still come. */
  readonly ended: () => Promise<End | undefined>
  /** What is being done now, to be told when it changes: nothing is printed while an environment is made. */
  readonly doing?: () => string
}

interface End {
  readonly failed: boolean
  readonly words: string
}

/** How far the reader is: over a restart of the server too. */
interface Progress {
  /** Of each stream, where its next lines begin. */
  readonly tokens: Map<string, string>
  /** What was told last of what is being done. */
  told: string
}

/**
 * Prints the log of a job or an endpoint, and goes on until its end where `follow` says so: jobs and endpoints outlive
 * their server, so that is then waited for the next one.
 */
export async function printLog(loaded: LoadedConfig, name: string, follow: boolean): Promise<void> {
  const progress: Progress = { tokens: new Map(), told: '' }
  for (let running = requireRunning(loaded); ; running = await nextServer(loaded)) {
    const settings = clientSettings(running, loaded.config.region)
    const logs = new CloudWatchLogs(settings)
    try {
      await print(logs, await findSource(new SageMaker(settings), logs, name), follow, progress)
      return
    } catch (error) {
      if (!follow || !isAway(error)) throw error
      process.stderr.write('The server has stopped, and what it ran goes on: waiting for the next server …\n')
    }
  }
}

function isAway(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return ['ECONNREFUSED', 'ECONNRESET', 'EPIPE'].includes(code)
}

async function nextServer(loaded: LoadedConfig): Promise<Running> {
  for (;;) {
    await delay(AWAY_POLL_MS)
    if (runningServer(loaded.config.home)) return requireRunning(loaded)
  }
}

function clientSettings({ facts }: Running, region: string) {
  const { accessKeyId, secretAccessKey } = facts
  return { endpoint: facts.url, region, credentials: { accessKeyId, secretAccessKey } }
}

async function findSource(sagemaker: SageMaker, logs: CloudWatchLogs, name: string): Promise<Source> {
  const describeJob = () => sagemaker.describeTrainingJob({ TrainingJobName: name })
  const ofJob = { group: '/aws/sagemaker/TrainingJobs', prefix: `${name}/` }
  if (await found(describeJob)) {
    let doing = ''
    return {
      ...ofJob,
      doing: () => doing,
      ended: async () => {
        const job = await describeJob()
        const status = job.TrainingJobStatus ?? ''
        const step = job.SecondaryStatusTransitions?.at(-1)
        doing = [step?.Status, step?.StatusMessage].filter(Boolean).join(': ')
        if (!['Completed', 'Failed', 'Stopped'].includes(status)) return undefined
        return { failed: status === 'Failed', words: [status, job.FailureReason].filter(Boolean).join(': ') }
      },
    }
  }
  const describeEndpoint = () => sagemaker.describeEndpoint({ EndpointName: name })
  const ofEndpoint = { group: `/aws/sagemaker/Endpoints/${name}`, prefix: '' }
  const gone = { failed: false, words: 'Deleted' }
  if (await found(describeEndpoint)) {
    let doing = ''
    return {
      ...ofEndpoint,
      doing: () => doing,
      ended: async () => {
        const endpoint = await found(describeEndpoint)
        if (!endpoint) return gone
        doing = endpoint.EndpointStatus ?? ''
        if (doing !== 'Failed') return undefined
        return { failed: true, words: ['Failed', endpoint.FailureReason].filter(Boolean).join(': ') }
      },
    }
  }
  // A log outlives what wrote it.
  for (const place of [ofEndpoint, ofJob]) {
    if ((await streamsOf(logs, place)).length > 0) return { ...place, ended: async () => gone }
  }
  throw new UserError(`There is no training job or endpoint named ${name}.`)
}

/** Undefined where there is no such thing. */
async function found<T>(describe: () => Promise<T>): Promise<T | undefined> {
  try {
    return await describe()
  } catch (error) {
    if (error instanceof Error && error.name === 'ValidationException') return undefined
    throw error
  }
}

async function print(logs: CloudWatchLogs, source: Source, follow: boolean, progress: Progress): Promise<void> {
  for (;;) {
    // Asked before the lines are read: what was written before the end is then read after it.
    const end = follow ? await source.ended() : { failed: false, words: '' }
    const doing = end ? '' : (source.doing?.() ?? '')
    if (doing !== '' && doing !== progress.told) process.stderr.write(`${doing}\n`)
    progress.told = doing
    for (const stream of await streamsOf(logs, source)) await printNew(logs, source.group, stream, progress.tokens)
    if (end) {
      if (end.words !== '') process.stderr.write(`${end.words}\n`)
      if (end.failed) process.exitCode = 1
      return
    }
    await delay(POLL_MS)
  }
}

async function streamsOf(logs: CloudWatchLogs, source: Pick<Source, 'group' | 'prefix'>): Promise<string[]> {
  const names: string[] = []
  let nextToken: string | undefined
  do {
    try {
      const page = await logs.describeLogStreams({
        logGroupName: source.group,
        logStreamNamePrefix: source.prefix || undefined,
        nextToken,
      })
      names.push(...(page.logStreams ?? []).flatMap((stream) => stream.logStreamName ?? []))
      nextToken = page.nextToken
    } catch (error) {
      if (!(error instanceof ResourceNotFoundException)) throw error
      return names
    }
  } while (nextToken)
  return names
}

async function printNew(logs: CloudWatchLogs, group: string, stream: string, tokens: Map<string, string>) {
  for (;;) {
    const page = await logs.getLogEvents({
      logGroupName: group,
      logStreamName: stream,
      startFromHead: true,
      nextToken: tokens.get(stream),
    })
    for (const event of page.events ?? []) process.stdout.write(`${event.message}\n`)
    const token = page.nextForwardToken
    if (!token || token === tokens.get(stream)) return
    tokens.set(stream, token)
  }
}
