import { fileURLToPath } from 'node:url'

/** A folder per version that has made a home: `home.tar.gz` and `expected.json`. */
export const fixtureHomes = fileURLToPath(new URL('../../../../fixtures/homes', import.meta.url))

/** What is in a fixture home, as the version that made it answered for it. Later versions may add to this, not change it. */
export interface ExpectedHome {
  readonly account: string
  readonly bucket: string
  readonly objects: readonly {
    readonly key: string
    readonly sha256: string
    readonly contentType: string
    readonly metadata: Readonly<Record<string, string>>
    readonly etag: string
  }[]
  /** Described by their makers: status, reason, hyperparameters, transitions, the artifact's address. */
  readonly jobs: readonly {
    readonly name: string
    readonly described: Readonly<Record<string, unknown>>
    /** `<epoch ms> <text>` */
    readonly lines: readonly string[]
  }[]
  /** A file of the finished job's model.tar.gz. */
  readonly artifact: { readonly uri: string; readonly file: string; readonly content: string }
  /** Begun, with one part; `content` is what it is once the second part is there too. */
  readonly upload: {
    readonly key: string
    readonly id: string
    readonly firstPart: { readonly etag: string; readonly sizeBytes: number }
    readonly secondPart: string
    readonly sha256: string
  }
  readonly endpoint: { readonly name: string; readonly asked: string; readonly answer: string }
}

/** Of DescribeTrainingJob, what every later version must answer too. */
export const describedFields = [
  'TrainingJobName',
  'TrainingJobArn',
  'TrainingJobStatus',
  'SecondaryStatus',
  'FailureReason',
  'HyperParameters',
  'AlgorithmSpecification',
  'RoleArn',
  'OutputDataConfig',
  'ResourceConfig',
  'StoppingCondition',
  'ModelArtifacts',
  'CreationTime',
  'TrainingStartTime',
  'TrainingEndTime',
  'SecondaryStatusTransitions',
] as const

export function describedPart(job: object): Record<string, unknown> {
  const entries = Object.entries(job).filter(([name]) => (describedFields as readonly string[]).includes(name))
  return JSON.parse(JSON.stringify(Object.fromEntries(entries)))
}
