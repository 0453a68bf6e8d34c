import type { Bench } from './bench.ts'
import { figure } from './figure.ts'
import { createJob, jobDone, type Lab, openLab, uploadArchive } from './lab.ts'
import { HttpConnection } from './load/http-connection.ts'
import { sign } from './load/sign.ts'
import { percentile, timed } from './measure.ts'
import { firstCreated, jobName, planArn, seedJobs } from './seed-jobs.ts'

const stored = { ours: 100_000, peer: 1_000 }
const repeats = 5
const describes = 200
const pageSize = 100

type Request = Readonly<Record<string, unknown>>

const filters = (jobs: number): readonly Request[] => {
  const middle = firstCreated / 1000 + (jobs / 2) * 60
  return [
    {},
    { CreationTimeAfter: middle },
    { CreationTimeBefore: middle },
    { LastModifiedTimeAfter: middle },
    { LastModifiedTimeBefore: middle },
    { StatusEquals: 'Failed' },
    { WarmPoolStatusEquals: 'Terminated' },
    { TrainingPlanArnEquals: planArn },
    { StatusEquals: 'Stopped', CreationTimeAfter: middle },
  ]
}
const nothing: readonly Request[] = [
  { CreationTimeAfter: 4_000_000_000 },
  { StatusEquals: 'Stopping' },
  { WarmPoolStatusEquals: 'InUse' },
  { TrainingPlanArnEquals: `${planArn}-2` },
]
const names: readonly Request[] = ['job-0', '-77', '-5', 'zzzz', 'no-such-job'].map((NameContains) => ({
  NameContains,
}))
const sorts: readonly Request[] = ['Name', 'CreationTime', 'Status'].flatMap((SortBy) =>
  ['Ascending', 'Descending'].map((SortOrder) => ({ SortBy, SortOrder })),
)

export const list: Bench = {
  name: 'list',
  measures: `Describe and List with ${stored.ours} jobs stored, beside the same with ${stored.peer}`,
  async *run(say) {
    const labs: Side[] = []
    try {
      for (const side of ['ours', 'peer'] as const) {
        say(`storing ${stored[side]} jobs`)
        labs.push(await openSide(stored[side]))
      }
      const [ours, peer] = labs
      if (!ours || !peer) throw new Error('two servers were to be opened')
      say('walking each filter × sort to its last page')
      const plain = [await cases(ours, false), await cases(peer, false)] as const
      const named = [await cases(ours, true), await cases(peer, true)] as const
      say(`${plain[0].length} cases, and ${named[0].length} of NameContains, ${repeats} times each, in turns`)
      const samples = await measure([ours, peer], plain, describes)
      yield figure({
        name: 'list-p99',
        ours: percentile(samples.ours, 99),
        peer: percentile(samples.peer, 99),
        unit: 'ms',
        n: samples.ours.length,
        target: { of: 'ours', atMost: 10 },
      })
      const contains = await measure([ours, peer], named, 0)
      yield figure({
        name: 'list-name-p99',
        ours: percentile(contains.ours, 99),
        peer: percentile(contains.peer, 99),
        unit: 'ms',
        n: contains.ours.length,
        target: { of: 'ours', atMost: 50 },
      })
    } finally {
      for (const side of labs) await side.close()
    }
  },
}

interface Side {
  readonly jobs: number
  call(operation: string, input: Request): Promise<Listed>
  close(): Promise<void>
}

interface Listed {
  readonly NextToken?: string
  readonly TrainingJobSummaries?: readonly unknown[]
}

async function openSide(jobs: number): Promise<Side> {
  const lab = await openLab()
  try {
    const code = await uploadArchive(lab, 'code/sourcedir.tar.gz', { 'first.py': '' })
    await createJob(lab, 'seed', code)
    await jobDone(lab, 'seed')
    const { account, region } = lab.facts
    const facts = await lab.whileDown(() => seedJobs(lab.home, { account, region }, 'seed', jobs))
    return connect(lab, facts, jobs)
  } catch (error) {
    await lab.close()
    throw error
  }
}

function connect(lab: Lab, facts: Lab['facts'], jobs: number): Side {
  const { hostname, port, host } = new URL(facts.url)
  // One request at a time on each; walks go on several.
  const idle: HttpConnection[] = []
  const take = () => {
    for (let connection = idle.pop(); connection; connection = idle.pop()) if (connection.isOpen) return connection
    return new HttpConnection({ host: hostname, port: Number(port) })
  }
  return {
    jobs,
    close() {
      for (const connection of idle) connection.close()
      return lab.close()
    },
    async call(operation, input) {
      const body = Buffer.from(JSON.stringify(input))
      const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `SageMaker.${operation}` }
      const request = { method: 'POST', host, path: '/', headers, body }
      const connection = take()
      const answer = await connection.request('POST', '/', sign(request, { ...facts, service: 'sagemaker' }), body)
      idle.push(connection)
      if (answer.status !== 200) throw new Error(`${operation} ${body}: ${answer.status} ${answer.body}`)
      return JSON.parse(answer.body.toString())
    },
  }
}

/** The requests for the first, the middle and the last page of everything, and for what matches nothing. */
async function cases(side: Side, byName: boolean): Promise<readonly Request[]> {
  const bySort = await Promise.all(sorts.map((sort) => casesOf(side, sort, byName)))
  return bySort.flat()
}

async function casesOf(side: Side, sort: Request, byName: boolean): Promise<readonly Request[]> {
  const found: Request[] = []
  for (const filter of byName ? names : filters(side.jobs)) {
    const request = { ...filter, ...sort, MaxResults: pageSize }
    const tokens = await walk(side, request)
    const pages = new Set([undefined, tokens[Math.floor(tokens.length / 2)], tokens.at(-1)])
    for (const NextToken of pages) found.push(NextToken === undefined ? request : { ...request, NextToken })
  }
  if (!byName) for (const filter of nothing) found.push({ ...filter, ...sort, MaxResults: pageSize })
  return found
}

async function walk(side: Side, request: Request): Promise<readonly string[]> {
  const tokens: string[] = []
  for (let next: string | undefined; ; ) {
    const page = await side.call('ListTrainingJobs', next === undefined ? request : { ...request, NextToken: next })
    next = page.NextToken
    if (next === undefined) return tokens
    tokens.push(next)
  }
}

async function measure(
  [ours, peer]: readonly [Side, Side],
  [oursCases, peerCases]: readonly [readonly Request[], readonly Request[]],
  described: number,
): Promise<{ readonly ours: number[]; readonly peer: number[] }> {
  const samples = { ours: [] as number[], peer: [] as number[] }
  const sides = [
    { side: ours, requests: oursCases, to: samples.ours },
    { side: peer, requests: peerCases, to: samples.peer },
  ]
  for (let round = 0; round < repeats; round++)
    for (let at = 0; at < Math.max(oursCases.length, peerCases.length); at++)
      for (const { side, requests, to } of sides) {
        const request = requests[at]
        if (request) to.push(await timed(() => side.call('ListTrainingJobs', request)))
      }
  for (let index = 0; index < described; index++)
    for (const { side, to } of sides) {
      const TrainingJobName = jobName((index * 104_729) % side.jobs)
      to.push(await timed(() => side.call('DescribeTrainingJob', { TrainingJobName })))
    }
  return samples
}
