import { createHash } from 'node:crypto'
import { unpacked } from './archive.ts'
import { bucket, type Clients } from './clients.ts'
import { channelContent, type Ending, type Fleet, type Job } from './fleet.ts'
import { ARTIFACT, artifactDigest } from './job-script.ts'
import { until } from './until.ts'

/** How long after it was printed a line may be stamped: a busy machine, not a server that was away. */
const STAMP_MS = 5_000
const LOST = /^Sagebrush: \d+ bytes of the log were lost: the disk is full$/
const UNWRITTEN_MS = 500
const END_SECONDS = 120

export interface CheckedJob {
  readonly lines: number
  readonly artifactBytes: number
  readonly ending: Ending
}

/** Waits for the job's end and throws where it, its log or its artifact is not what it must be. */
export async function checkJob(clients: Clients, fleet: Fleet, job: Job, channelObjects: number): Promise<CheckedJob> {
  let last = ''
  const end = await until(
    `the end of ${job.name}`,
    END_SECONDS,
    async () => {
      const state = await fleet.statusOf(job)
      last = `${state.status} ${state.secondary}`
      return ['Completed', 'Failed', 'Stopped'].includes(state.status ?? '') ? state : undefined
    },
    50,
  ).catch((error: Error) => {
    throw new Error(`${error.message} (${last})`)
  })
  const wrong = (what: string) => new Error(`${job.name} (${end.status} ${end.reason}): ${what}`)
  if (end.status === 'Failed' && job.mayFail?.test(end.reason)) return { lines: 0, artifactBytes: 0, ending: 'Failed' }
  if (end.status !== job.ending) throw wrong(`must be ${job.ending}`)
  if (job.reason && !job.reason.test(end.reason)) throw wrong(`its reason does not say ${job.reason}`)
  const lines = checkLog(await eventsOf(clients, job), job, channelObjects, wrong)
  if (job.ending === 'Failed' || job.linesAtKill !== undefined) return { lines, artifactBytes: 0, ending: job.ending }
  const key = end.artifact?.S3ModelArtifacts?.replace(`s3://${bucket}/`, '') ?? ''
  const { Body } = await clients.s3.getObject({ Bucket: bucket, Key: key })
  const artifact = unpacked((await Body?.transformToByteArray()) ?? new Uint8Array(), ARTIFACT)
  if (createHash('sha256').update(artifact).digest('hex') !== artifactDigest(job))
    throw wrong(`its artifact of ${artifact.length} bytes is not what the script wrote`)
  return { lines, artifactBytes: artifact.length, ending: job.ending }
}

interface Event {
  readonly timestamp: number
  readonly message: string
}

/** All of the job's log, in order; of one that was started again, that of its last start. */
export async function eventsOf({ logs }: Clients, { name, retries }: Job): Promise<readonly Event[]> {
  const logGroupName = '/aws/sagemaker/TrainingJobs'
  const { logStreams = [] } = await logs.describeLogStreams({ logGroupName, logStreamNamePrefix: `${name}/` })
  if (logStreams.length > 1 + retries) throw new Error(`${name} has ${logStreams.length} log streams`)
  const logStreamName = logStreams.at(-1)?.logStreamName
  if (logStreamName === undefined) return []
  const found: Event[] = []
  for (let nextToken: string | undefined; ; ) {
    const page = await logs.getLogEvents({ logGroupName, logStreamName, startFromHead: true, nextToken })
    found.push(...(page.events ?? []).map(({ timestamp = 0, message = '' }) => ({ timestamp, message })))
    if (page.nextForwardToken === nextToken) return found
    nextToken = page.nextForwardToken
  }
}

/** Every line once, in order, with its time; resolves to how many. A job that was cut off has a beginning of them. */
function checkLog(events: readonly Event[], job: Job, channelObjects: number, wrong: (what: string) => Error): number {
  const said = (word: string) => events.filter(({ message }) => message.startsWith(`${word} `))
  // On a full disk lines may be lost, if the log says so; none may be doubled or out of order even then.
  const lost = job.mayFail !== undefined && events.some(({ message }) => LOST.test(message))
  const starts = said('start').length
  if (starts > 1 || (starts === 0 && !lost)) throw wrong(`its script has begun ${starts} times`)
  const back = events.findIndex(({ timestamp }, index) => timestamp < (events[index - 1]?.timestamp ?? 0))
  if (back >= 0) throw wrong(`event ${back} of its log is older than the one before`)
  const channel = said('channel').map(({ message }) => message)
  if (
    !(lost && channel.length === 0) &&
    channel.join() !== `channel ${channelObjects} ${channelDigest(channelObjects)}`
  )
    throw wrong(`its script has read another channel: ${channel.join()}`)
  const lines = said('line')
  const wasKilled = job.linesAtKill !== undefined
  let next = 0
  lines.forEach(({ message, timestamp }, index) => {
    // The last one of a script that is killed may be cut anywhere.
    if (wasKilled && index === lines.length - 1 && isCut(message, next)) return
    const [, number = Number.NaN, printed] = message.split(' ').map(Number)
    if (!(lost ? number >= next : number === next)) throw wrong(`line ${index} of its log is "${message}"`)
    next = number + 1
    const late = timestamp - (printed ?? 0)
    if (!(late >= 0 && late <= STAMP_MS)) throw wrong(`line ${index}, printed at ${printed}, has the time ${timestamp}`)
  })
  if (lines.length < (job.linesAtKill ?? 0)) throw wrong(`its log had ${job.linesAtKill} lines and has ${lines.length}`)
  if (lost || endedAway(job, lines.at(-1)?.timestamp ?? 0)) return lines.length
  const ends = said('end').map(({ message }) => message)
  if (ends.join() !== (wasKilled ? '' : `end ${lines.length}`)) {
    const last = events.slice(-2).map(({ message }) => message)
    throw wrong(`its log, of ${lines.length} lines of ${job.lines}, ends with "${last.join('" "')}"`)
  }
  if (!wasKilled && job.ending !== 'Stopped' && lines.length !== job.lines)
    throw wrong(`its log has ${lines.length} lines of ${job.lines}`)
  return lines.length
}

/** Whether it is the beginning of that line: of its number, or of the time that the number is followed by. */
function isCut(message: string, number: number): boolean {
  const start = `line ${number} `
  return start.startsWith(message) || (message.startsWith(start) && /^\d{0,12}$/.test(message.slice(start.length)))
}

/** Its last line is of a time when its engine was away, or right before that: the engine had read more than it wrote. */
function endedAway({ away }: Job, last: number): boolean {
  return away.some(({ from, to }) => last > from - UNWRITTEN_MS && last < to)
}

function channelDigest(objects: number): string {
  const names = Array.from({ length: objects }, (_, number) => String(number)).sort()
  const digest = createHash('sha256')
  for (const name of names) digest.update(name).update(channelContent(Number(name)))
  return digest.digest('hex')
}
