import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Condition, ListQuery } from '@sagebrush/core'
import { openStore } from './open-store.ts'

// `node src/list-bench.ts`: pages of 100 among 100,000 rows (or the number given) of one scope, the hop to the thread and back included.

interface Job {
  readonly status: string
  readonly created: Date
  readonly modified: Date
  readonly pool?: string
  readonly history: readonly { readonly status: string; readonly start: Date; readonly message: string }[]
  readonly request: Readonly<Record<string, unknown>>
}

const rowCount = Number(process.argv[2] ?? 100_000)
const rounds = 5
const scope = { account: '111122223333', region: 'us-east-1' }
const epoch = 1_700_000_000_000
const statuses = ['Completed', 'Completed', 'Completed', 'Failed', 'Stopped', 'InProgress']

const folder = await mkdtemp(join(tmpdir(), 'list-bench-'))
const store = await openStore({ path: join(folder, 'state.db') })
const jobs = store.collection<Job>({
  name: 'jobs',
  index: {
    status: ({ status }) => status,
    created: ({ created }) => created.getTime(),
    modified: ({ modified }) => modified.getTime(),
    pool: ({ pool }) => pool,
  },
})
// As large and as deep as a training job's: 2.4 KB.
const request = {
  hyperParameters: Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`parameter-${i}`, `"value ${i}"`])),
  channels: Array.from({ length: 4 }, (_, i) => ({ name: `channel-${i}`, source: { uri: `s3://bucket/data/${i}` } })),
  environment: Object.fromEntries(Array.from({ length: 8 }, (_, i) => [`VARIABLE_${i}`, 'x'.repeat(40)])),
}
const history = ['Starting', 'Downloading', 'Training', 'Uploading', 'Completed'].map((status, i) => ({
  status,
  start: new Date(epoch + i),
  message: `${status}: what the service says of it`,
}))
const filled = performance.now()
for (let at = 0; at < rowCount; at += 2_000)
  await Promise.all(
    Array.from({ length: 2_000 }, (_, i) => {
      const n = at + i
      const created = new Date(epoch + n * 1_000)
      const modified = new Date(epoch + ((n * 7_919) % rowCount) * 1_000)
      const status = statuses[n % statuses.length] ?? ''
      const value = { status, created, modified, history, request, ...(n % 1_000 === 0 ? { pool: 'Available' } : {}) }
      return jobs.insert(scope, `training-job-${String(n).padStart(7, '0')}`, value)
    }),
  )
console.log(`filled at ${Math.round((rowCount / (performance.now() - filled)) * 1_000)} inserts/s`)

const at = (part: number): number => epoch + rowCount * part * 1_000
const filters: Record<string, readonly Condition[]> = {
  none: [],
  'status half': [{ field: 'status', is: 'equal', value: 'Completed' }],
  'status none': [{ field: 'status', is: 'equal', value: 'Deleting' }],
  'not completed': [{ field: 'status', is: 'notEqual', value: 'Completed' }],
  'created late half': [{ field: 'created', is: 'greater', value: at(0.5) }],
  'created last 3%': [{ field: 'created', is: 'atLeast', value: at(0.97) }],
  'created first 3%': [{ field: 'created', is: 'less', value: at(0.03) }],
  'created future': [{ field: 'created', is: 'greater', value: at(2) }],
  'created window': [
    { field: 'created', is: 'greater', value: at(0.6) },
    { field: 'created', is: 'less', value: at(0.65) },
  ],
  'modified late': [{ field: 'modified', is: 'greater', value: at(0.95) }],
  'pool rare': [{ field: 'pool', is: 'equal', value: 'Available' }],
  'status and windows': [
    { field: 'status', is: 'equal', value: 'Failed' },
    { field: 'created', is: 'greater', value: at(0.9) },
    { field: 'modified', is: 'less', value: at(0.05) },
  ],
}
const names = { 'name every': 'job', 'name few': '99999', 'name none': 'zebra' }

const summary = { status: true, created: true, modified: true, history: 'last' } as const

/** Whole rows and summaries in turns: what one saves is seen in one run. */
async function timed(query: ListQuery, whole: number[], summaries: number[]): Promise<void> {
  for (let i = 0; i < rounds; i++) {
    let start = performance.now()
    await jobs.list(scope, query)
    whole.push(performance.now() - start)
    start = performance.now()
    await jobs.list(scope, query, summary)
    summaries.push(performance.now() - start)
  }
}

/** The first page, one in the middle and the last. */
async function pagesOf(query: ListQuery): Promise<ListQuery[]> {
  const cursors: string[] = []
  for (let after: string | undefined; ; ) {
    const { next } = await jobs.list(scope, { ...query, limit: 1_000, ...(after ? { after } : {}) })
    if (next === undefined) break
    cursors.push(next)
    after = next
  }
  const chosen = [cursors[Math.floor(cursors.length / 2)], cursors.at(-1)]
  return [query, ...chosen.flatMap((after) => (after === undefined ? [] : [{ ...query, after }]))]
}

const percentile = (all: number[], part: number): string =>
  ([...all].sort((a, b) => a - b)[Math.ceil(all.length * part) - 1] ?? 0).toFixed(2)

interface Times {
  readonly whole: number[]
  readonly summaries: number[]
}

function figures({ whole, summaries }: Times): string {
  const of = (all: number[]) => `p50 ${percentile(all, 0.5)} p99 ${percentile(all, 0.99)}`
  return `whole rows ${of(whole)}, summaries ${of(summaries)} ms of ${summaries.length}`
}

async function measure(title: string, make: (sortBy: string) => Omit<ListQuery, 'sortBy' | 'order' | 'limit'>) {
  const all: Times = { whole: [], summaries: [] }
  let worst = ''
  let most = 0
  for (const sortBy of ['name', 'status', 'created', 'modified', 'pool'])
    for (const order of ['ascending', 'descending'] as const) {
      const pages = await pagesOf({ ...make(sortBy), sortBy, order, limit: 100 })
      for (const [i, page] of pages.entries()) {
        const times: number[] = []
        await timed(page, all.whole, times)
        all.summaries.push(...times)
        if (Number(percentile(times, 0.5)) > most) {
          most = Number(percentile(times, 0.5))
          worst = `${sortBy} ${order} page ${i}`
        }
      }
    }
  console.log(`${title.padEnd(20)} ${figures(all)}; slowest: ${worst}, p50 ${most} ms`)
  return all
}

const total = (all: readonly Times[]): Times => ({
  whole: all.flatMap(({ whole }) => whole),
  summaries: all.flatMap(({ summaries }) => summaries),
})
const listed: Times[] = []
for (const [title, where] of Object.entries(filters)) listed.push(await measure(title, () => ({ where })))
console.log(`every filter × sort × page: ${figures(total(listed))}`)
const named: Times[] = []
for (const [title, nameContains] of Object.entries(names)) named.push(await measure(title, () => ({ nameContains })))
console.log(`name contains: ${figures(total(named))}`)
const gets: number[] = []
for (let i = 0; i < 2_000; i++) {
  const start = performance.now()
  await jobs.get(scope, `training-job-${String((i * 7_919) % rowCount).padStart(7, '0')}`)
  gets.push(performance.now() - start)
}
console.log(`get: p50 ${percentile(gets, 0.5)} p99 ${percentile(gets, 0.99)} ms`)
const inserts: number[] = []
for (let i = 0; i < 1_000; i++) {
  const start = performance.now()
  await jobs.insert(scope, `one-${i}`, { status: 'New', created: new Date(), modified: new Date(), history, request })
  inserts.push(performance.now() - start)
}
console.log(`insert, one at a time: p50 ${percentile(inserts, 0.5)} p99 ${percentile(inserts, 0.99)} ms`)
await store.close()
await rm(folder, { recursive: true })
