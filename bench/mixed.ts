import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { CloudWatchLogs } from '@aws-sdk/client-cloudwatch-logs'
import type { Bench } from './bench.ts'
import { figure } from './figure.ts'
import {
  bucket,
  createEchoModel,
  createEndpoint,
  createJob,
  deleteEndpoint,
  jobDone,
  type Lab,
  openLab,
  uploadArchive,
} from './lab.ts'
import type { SteadyLoad } from './load/steady.ts'
import type { UploadLoad } from './load/upload.ts'
import { median, percentile } from './measure.ts'
import { accessOf } from './s3.ts'
import { seedJobs } from './seed-jobs.ts'
import { ended } from './serving-process.ts'

const GIB = 1024 ** 3
const MIB = 1024 ** 2
const stored = 100_000
const perSecond = 100
const quietMs = 10_000
const sizeBytes = 4 * GIB
const parts = { sizeBytes: 64 * MIB, atOnce: 4 }
const linesPerSecond = 5_000
const logging = ['log-0', 'log-1', 'log-2']
/** Of names: in all, in few, in none. */
const contains = ['job-0', '-77', 'no-such-job']
const listEveryMs = 100

/** Prints numbered lines at a steady rate until it is stopped. */
const logger = `import sys, time
number, started = 0, time.monotonic()
while True:
    print('\\n'.join('line %d of a log with some words behind its number' % n for n in range(number, number + 50)))
    sys.stdout.flush()
    number += 50
    time.sleep(max(0, started + number / ${linesPerSecond} - time.monotonic()))
`

export const mixed: Bench = {
  name: 'mixed',
  measures: `InvokeEndpoint at ${perSecond}/s beside uploads of 4 GiB, three jobs' logs and lists, and beside nothing`,
  async *run(say) {
    const lab = await openLab()
    const children: ChildProcess[] = []
    try {
      say(`storing ${stored} jobs`)
      const code = await uploadArchive(lab, 'code/sourcedir.tar.gz', { 'first.py': '' })
      await createJob(lab, 'seed', code)
      await jobDone(lab, 'seed')
      const { account, region } = lab.facts
      await lab.whileDown(() => seedJobs(lab.home, { account, region }, 'seed', stored))
      await createEchoModel(lab, 'echo', {})
      await createEndpoint(lab, 'echo', 'echo')
      const invoker = fork(new URL('load/steady.ts', import.meta.url))
      const uploader = fork(new URL('load/upload.ts', import.meta.url))
      children.push(invoker, uploader)

      const steady = steadyLoad(lab)
      await during(invoker, steady, () => new Promise((resolve) => setTimeout(resolve, 2_000)))
      say('invoking with nothing beside')
      const quiet = await during(invoker, steady, () => new Promise((resolve) => setTimeout(resolve, quietMs)))
      say(`three jobs that log ${linesPerSecond} lines/s each`)
      await startLogging(lab)
      const lists: number[] = []
      const listed = listUntil(lab, lists)
      const access = accessOf(lab)
      const all: number[] = []
      for (const [way, load] of [
        ['one PUT', { access, path: `/${bucket}/single`, sizeBytes }],
        [`parts of 64 MiB, ${parts.atOnce} at once`, { access, path: `/${bucket}/parts`, sizeBytes, parts }],
      ] satisfies [string, UploadLoad][]) {
        let seconds = 0
        const latencies = await during(invoker, steady, async () => {
          seconds = (await ask(uploader, load)).seconds
        })
        all.push(...latencies)
        const told = [50, 99, 100].map((percent) => percentile(latencies, percent).toFixed(1))
        say(`4 GiB in ${way}: ${seconds.toFixed(1)} s; invoke's p50, p99, worst: ${told.join(', ')} ms`)
      }
      listed.end()
      await listed.done
      say(`${lists.length} lists meanwhile, median ${median(lists).toFixed(1)} ms; ${await stopLogging(lab)}`)
      yield figure({
        name: 'mixed-invoke-p99',
        ours: percentile(all, 99),
        peer: percentile(quiet, 99),
        unit: 'ms',
        n: all.length,
        target: { of: 'ours', atMost: 10 },
      })
      await deleteEndpoint(lab, 'echo')
    } finally {
      await Promise.all(children.map(ended))
      await lab.close()
    }
  },
}

function steadyLoad({ facts }: Lab): SteadyLoad {
  const { hostname, port, host } = new URL(facts.url)
  return {
    address: { host: hostname, port: Number(port) },
    host,
    path: '/endpoints/echo/invocations',
    key: { ...facts, service: 'sagemaker' },
    perSecond,
  }
}

/** Invokes while `work` runs; resolves to the latencies. */
async function during(invoker: ChildProcess, load: SteadyLoad, work: () => Promise<unknown>): Promise<number[]> {
  invoker.send(load)
  await work()
  return (await ask(invoker, 'end')).latencies
}

async function ask(child: ChildProcess, message: UploadLoad | 'end') {
  child.send(message)
  const [{ result, error }] = await once(child, 'message')
  if (error) throw new Error(error)
  return result
}

async function startLogging(lab: Lab): Promise<void> {
  const code = await uploadArchive(lab, 'code/logger.tar.gz', { 'first.py': logger })
  for (const name of logging) await createJob(lab, name, code)
  for (const name of logging) while ((await storedLines(lab, name)) < 50) await new Promise((r) => setTimeout(r, 50))
}

/** Stops them, and says how many lines a second came to the logs. */
async function stopLogging(lab: Lab): Promise<string> {
  const rates: string[] = []
  for (const TrainingJobName of logging) await lab.sagemaker.stopTrainingJob({ TrainingJobName })
  for (const TrainingJobName of logging) {
    for (;;) {
      const job = await lab.sagemaker.describeTrainingJob({ TrainingJobName })
      const { TrainingJobStatus: status, TrainingStartTime: from, TrainingEndTime: to } = job
      if (status === 'Stopped' && from && to) {
        const lines = await storedLines(lab, TrainingJobName)
        rates.push(((lines * 1000) / (to.getTime() - from.getTime())).toFixed(0))
        break
      }
      if (status !== 'InProgress' && status !== 'Stopping') throw new Error(`${TrainingJobName}: ${job.FailureReason}`)
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
  return `lines/s stored of each job: ${rates.join(', ')}`
}

/** The number of the job's last stored line. */
async function storedLines({ facts }: Lab, job: string): Promise<number> {
  const { url, region, accessKeyId, secretAccessKey } = facts
  const logs = new CloudWatchLogs({ endpoint: url, region, credentials: { accessKeyId, secretAccessKey } })
  try {
    const logGroupName = '/aws/sagemaker/TrainingJobs'
    const { logStreams = [] } = await logs.describeLogStreams({ logGroupName, logStreamNamePrefix: `${job}/` })
    const logStreamName = logStreams[0]?.logStreamName
    if (!logStreamName) return 0
    const { events = [] } = await logs.getLogEvents({ logGroupName, logStreamName, limit: 50 })
    return Math.max(0, ...events.map(({ message }) => Number(/^line (\d+) /.exec(message ?? '')?.[1] ?? 0)))
  } catch (error) {
    if (error instanceof Error && error.name === 'ResourceNotFoundException') return 0
    throw error
  } finally {
    logs.destroy()
  }
}

/** Lists by a part of the name, at a steady pace, until told to end. */
function listUntil(lab: Lab, took: number[]) {
  let going = true
  const run = async () => {
    for (let number = 0; going; number++) {
      const started = performance.now()
      const NameContains = contains[number % contains.length]
      await lab.sagemaker.listTrainingJobs({ NameContains, MaxResults: 100, SortBy: 'CreationTime' })
      took.push(performance.now() - started)
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, listEveryMs + started - performance.now())))
    }
  }
  const end = () => {
    going = false
  }
  return { done: run(), end }
}
