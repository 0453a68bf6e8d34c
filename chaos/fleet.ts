import { packed } from './archive.ts'
import { bucket, type Clients, image } from './clients.ts'
import { hyperparameters, jobScript, type Work } from './job-script.ts'
import { type Process, scriptsOf } from './processes.ts'
import type { Random } from './random.ts'
import { until } from './until.ts'

export type Ending = 'Completed' | 'Failed' | 'Stopped'

/** A job that the server has acknowledged. */
export interface Job extends Work {
  readonly name: string
  /** How it must end; a job whose command is killed becomes one that fails. */
  ending: Ending
  /** What its FailureReason must say, where it must fail. */
  reason: RegExp | undefined
  /** It is to be started again so often where the machine fails under it, each time with a log of its own. */
  readonly retries: number
  /** It was killed when its log had so many lines: that is a beginning of all, and of no fewer. */
  linesAtKill?: number
  /** When its engine was away, in epoch ms: of what ends meanwhile the last lines may be lost. */
  readonly away: { readonly from: number; readonly to: number }[]
  /** It may also fail, if only its FailureReason says this. */
  mayFail?: RegExp
}

export interface FleetOptions {
  readonly clients: Clients
  /** Begins every name and token of the run. */
  readonly run: string
  readonly random: Random
  readonly lines: number
  readonly linesPerSecond: number
  readonly artifactBytes: number
  readonly channelObjects: number
}

export const AT_LEAST_RUNNING = 3
/** More than must run, since one may be staging, or uploading, or just over. */
const KEPT_GOING = 5
const code = 'code/sourcedir.tar.gz'

/** Jobs of which some always run, and what their processes were when they were first seen. */
export class Fleet {
  readonly jobs: Job[] = []
  readonly #options: FleetOptions
  readonly #tokens: RegExp
  readonly #firstSeen = new Map<string, Process>()

  constructor(options: FleetOptions) {
    this.#options = options
    this.#tokens = new RegExp(`${options.run}-job-\\d+-`)
  }

  /** The script and the channel that every job reads. */
  async upload(): Promise<void> {
    const { s3 } = this.#options.clients
    await s3.putObject({ Bucket: bucket, Key: code, Body: packed({ 'train.py': jobScript }) })
    const numbers = Array.from({ length: this.#options.channelObjects }, (_, index) => index)
    const put = async () => {
      for (let number = numbers.pop(); number !== undefined; number = numbers.pop())
        await s3.putObject({ Bucket: bucket, Key: `channel/${number}`, Body: channelContent(number) })
    }
    await Promise.all(Array.from({ length: 8 }, put))
  }

  async start(ending: Ending = this.#anyEnding(), retries = 0): Promise<Job> {
    const { clients, run, lines, linesPerSecond, artifactBytes } = this.#options
    const name = `${run}-job-${this.jobs.length}`
    const exitCode = ending === 'Failed' ? 3 : 0
    // The last sign ends the token: `job-1` is no part of `job-12-`.
    const work = { token: `${name}-`, lines, linesPerSecond, artifactBytes, exitCode }
    await clients.sagemaker.createTrainingJob({
      TrainingJobName: name,
      RoleArn: clients.roleArn,
      AlgorithmSpecification: { TrainingImage: image, TrainingInputMode: 'File' },
      HyperParameters: {
        ...hyperparameters(work),
        sagemaker_program: 'train.py',
        sagemaker_submit_directory: `s3://${bucket}/${code}`,
      },
      InputDataConfig: [
        {
          ChannelName: 'data',
          DataSource: { S3DataSource: { S3DataType: 'S3Prefix', S3Uri: `s3://${bucket}/channel/` } },
        },
      ],
      OutputDataConfig: { S3OutputPath: `s3://${bucket}/out` },
      ResourceConfig: { InstanceType: 'ml.m5.large', InstanceCount: 1, VolumeSizeInGB: 1 },
      StoppingCondition: { MaxRuntimeInSeconds: 3600 },
      Environment: { CHAOS_TASK: work.token },
      ...(retries > 0 && { RetryStrategy: { MaximumRetryAttempts: retries } }),
    })
    const job: Job = {
      ...work,
      name,
      ending,
      retries,
      away: [],
      reason: ending === 'Failed' ? /exit code: 3$/ : undefined,
    }
    this.jobs.push(job)
    return job
  }

  /** Starts what is missing, and waits until enough scripts run. */
  async refill(): Promise<readonly Job[]> {
    for (let going = await this.#going(); going < KEPT_GOING; going++) await this.start()
    return until('three running jobs', 120, async () => {
      const running = this.running()
      if (running.length >= AT_LEAST_RUNNING) return running
      for (let going = await this.#going(); going < KEPT_GOING; going++) await this.start()
      return undefined
    })
  }

  /** Jobs whose script runs now. Throws where one has been started a second time that was not to be. */
  running(): readonly Job[] {
    const scripts = scriptsOf(this.#tokens)
    const again = new Set(this.jobs.filter(({ retries }) => retries > 0).map(({ token }) => token))
    for (const [token, processes] of scripts) {
      if (again.has(token)) continue
      const [one, other] = processes
      const first = this.#firstSeen.get(token) ?? one
      if (one && !other) this.#firstSeen.set(token, one)
      if (other || one?.pid !== first?.pid || one?.began !== first?.began)
        throw new Error(`${token} was started a second time: ${JSON.stringify([first, ...processes])}`)
    }
    return this.jobs.filter(({ token }) => scripts.has(token))
  }

  processOf(job: Job): Process | undefined {
    return scriptsOf(this.#tokens).get(job.token)?.[0]
  }

  async statusOf(job: Job) {
    const { TrainingJobStatus, SecondaryStatus, FailureReason, ModelArtifacts } =
      await this.#options.clients.sagemaker.describeTrainingJob({ TrainingJobName: job.name })
    return {
      status: TrainingJobStatus,
      secondary: SecondaryStatus,
      reason: FailureReason ?? '',
      artifact: ModelArtifacts,
    }
  }

  /** A job that runs is asked to stop, and must then end so. */
  async stopOne(): Promise<Job | undefined> {
    const job = this.running().find(({ ending }) => ending === 'Completed')
    if (!job) return undefined
    await this.#options.clients.sagemaker.stopTrainingJob({ TrainingJobName: job.name })
    // It may have ended by itself before the request came.
    if ((await this.statusOf(job)).secondary === 'Stopping') job.ending = 'Stopped'
    return job
  }

  async #going(): Promise<number> {
    const states = await Promise.all(this.jobs.slice(-12).map((job) => this.statusOf(job)))
    return states.filter(({ secondary }) => ['Starting', 'Downloading', 'Training'].includes(secondary ?? '')).length
  }

  #anyEnding(): Ending {
    return this.#options.random.next() < 0.2 ? 'Failed' : 'Completed'
  }
}

export function channelContent(number: number): string {
  return `object ${number}\n`.repeat(20)
}
