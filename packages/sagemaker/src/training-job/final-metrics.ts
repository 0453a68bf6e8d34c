import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { MetricData } from '@sagebrush/contract/sagemaker'
import type { Scope, StoredLogEvent } from '@sagebrush/core'
import type { Reconciling } from '../reconciling.ts'
import { logStream, TRAINING_LOG_GROUP } from './job-log.ts'
import type { Definition, Found, Scan } from './scan-metrics.worker.ts'
import type { TrainingJob } from './training-job.ts'

/** For all of a job's log: a user's expression may take for ever on a line. */
const DEADLINE_MS = 2_000
const PAGE_EVENTS = 5_000
const PAGE_BYTES = 4 * 1024 * 1024

/**
 * The last value of each metric that the job's definitions find in its log, `algo-1`'s first. undefined without
 * definitions. What is not found within 2 s is left out: the expressions are the user's, and run in a thread of their
 * own that is ended then, so that none can hold up the server.
 */
export async function finalMetricsOf(
  ctx: Pick<Reconciling, 'logs'>,
  scope: Scope,
  job: TrainingJob,
): Promise<readonly MetricData[] | undefined> {
  const definitions = job.request.AlgorithmSpecification?.MetricDefinitions ?? []
  if (definitions.length === 0) return undefined
  const found = new Map<string, MetricData>()
  const deadline = performance.now() + DEADLINE_MS
  for (const host of job.hosts) {
    const missing = definitions.filter(({ Name }) => !found.has(Name))
    await scanStream(ctx, scope, logStream(job, host.name), missing, deadline, found)
  }
  return definitions.flatMap(({ Name }) => found.get(Name) ?? [])
}

async function scanStream(
  ctx: Pick<Reconciling, 'logs'>,
  scope: Scope,
  stream: string,
  definitions: readonly Definition[],
  deadline: number,
  found: Map<string, MetricData>,
): Promise<void> {
  const info = await ctx.logs.getStream(scope, TRAINING_LOG_GROUP, stream)
  if (!info || definitions.length === 0) return
  const worker = new Worker(new URL(`./scan-metrics.worker${extname(import.meta.url)}`, import.meta.url))
  try {
    for (let from = info.events; from > 0 && performance.now() < deadline; ) {
      const missing = definitions.filter(({ Name }) => !found.has(Name))
      if (missing.length === 0) return
      const page = await ctx.logs.read(scope, TRAINING_LOG_GROUP, stream, {
        from,
        direction: 'backward',
        limit: PAGE_EVENTS,
        maxBytes: PAGE_BYTES,
      })
      if (page.events.length === 0) return
      for (const match of await scan(worker, missing, page.events, deadline))
        found.set(match.name, metric(match, page.events))
      from = page.previous
    }
  } finally {
    await worker.terminate()
  }
}

function metric(match: Found, events: readonly StoredLogEvent[]): MetricData {
  const event = events[match.line]
  return { MetricName: match.name, Value: match.value, ...(event ? { Timestamp: event.timestamp } : {}) }
}

/** What the thread finds in one page before the deadline. It tells each metric at once, so what came before a slow one is kept. */
function scan(
  worker: Worker,
  definitions: readonly Definition[],
  events: readonly StoredLogEvent[],
  deadline: number,
): Promise<Found[]> {
  return new Promise((resolve, reject) => {
    const matches: Found[] = []
    const finish = () => {
      clearTimeout(timer)
      worker.removeAllListeners()
      resolve(matches)
    }
    const timer = setTimeout(finish, Math.max(0, deadline - performance.now()))
    worker.on('message', (match: Found | 'done') => {
      if (match === 'done') finish()
      else matches.push(match)
    })
    worker.on('error', (error) => {
      clearTimeout(timer)
      reject(error)
    })
    const request: Scan = { definitions, lines: events.map(({ message }) => message) }
    worker.postMessage(request)
  })
}
