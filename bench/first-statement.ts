import { CloudWatchLogs } from '@aws-sdk/client-cloudwatch-logs'
import type { Lab } from './lab.ts'

export interface FirstStatement {
  /** CLOCK_MONOTONIC in nanoseconds. */
  readonly first: bigint
  /** The interpreter that ran it. */
  readonly python: string
  /** What else it said. */
  readonly rest: string
}

/** What the script of a job said of its first statement (`first NANOSECONDS PYTHON …`), through CloudWatch Logs. */
export async function firstStatement(lab: Lab, job: string): Promise<FirstStatement> {
  const { url, region, accessKeyId, secretAccessKey } = lab.facts
  const logs = new CloudWatchLogs({ endpoint: url, region, credentials: { accessKeyId, secretAccessKey } })
  const { events = [] } = await logs.filterLogEvents({
    logGroupName: '/aws/sagemaker/TrainingJobs',
    logStreamNamePrefix: `${job}/`,
    filterPattern: 'first',
  })
  logs.destroy()
  const said = events.map(({ message = '' }) => /^first (\d+) (\S+) ?(.*)$/.exec(message.trim())).find(Boolean)
  if (!said?.[1] || !said[2]) throw new Error(`the log of ${job} does not say when its script began`)
  return { first: BigInt(said[1]), python: said[2], rest: said[3] ?? '' }
}
