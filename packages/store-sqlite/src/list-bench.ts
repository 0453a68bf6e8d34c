import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Condition, ListQuery } from '@sagebrush/core'
import { openStore } from './open-store.ts'

// `node src/list-bench.ts`: pages of 100 summaries (with `whole`, of whole rows) among 100,000 rows of one scope, the hop to the thread and back included.

interface Job {
  readonly status: string
  readonly created: Date
  readonly modified: Date
  readonly pool?: string
  readonly text: string
}

const rowCount = 100_000
const whole = process.argv.includes('whole')
const rounds = 20
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
const text = 'x'.repeat(2_000)
const filled = performance.now()
for (let at = 0; at < rowCount; at += 2_000)
  await Promise.all(
    Array.from({ length: 2_000 }, (_, i) => {
      const n = at + i
      const created = new Date(epoch + n * 1_000)
      const modified = new Date(epoch + ((n * 7_919) % rowCount) * 1_000)
      const status = statuses[n % statuses.length] ?? ''
      const value = { status, created, modified, text, ...(n % 1_000 === 0 ? { pool: 'Available' } : {}) }
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

async function timed(query: ListQuery, into: number[]): Promise<void> {
  for (let i = 0; i < rounds; i++) {
    const start = performance.now()
    await (whole ? jobs.list(scope, query) : jobs.list(scope, query, { status: true, created: true, modified: true }))
    into.push(performance.now() - start)
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

async function measure(title: string, make: (sortBy: string) => Omit<ListQuery, 'sortBy' | 'order' | 'limit'>) {
  const all: number[] = []
  let worst = ''
  let most = 0
  for (const sortBy of ['name', 'status', 'created', 'modified', 'pool'])
    for (const order of ['ascending', 'descending'] as const) {
      const pages = await pagesOf({ ...make(sortBy), sortBy, order, limit: 100 })
      for (const [i, page] of pages.entries()) {
        const times: number[] = []
        await timed(page, times)
        all.push(...times)
        if (Number(percentile(times, 0.5)) > most) {
          most = Number(percentile(times, 0.5))
          worst = `${sortBy} ${order} page ${i}`
        }
      }
    }
  console.log(
    `${title.padEnd(20)} p50 ${percentile(all, 0.5)} p99 ${percentile(all, 0.99)} ms; slowest: ${worst}, p50 ${most} ms`,
  )
  return all
}

const listed: number[] = []
for (const [title, where] of Object.entries(filters)) listed.push(...(await measure(title, () => ({ where }))))
console.log(`every filter × sort × page: p99 ${percentile(listed, 0.99)} ms of ${listed.length}`)
const named: number[] = []
for (const [title, nameContains] of Object.entries(names))
  named.push(...(await measure(title, () => ({ nameContains }))))
console.log(`name contains: p99 ${percentile(named, 0.99)} ms of ${named.length}`)
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
  await jobs.insert(scope, `one-${i}`, { status: 'New', created: new Date(), modified: new Date(), text })
  inserts.push(performance.now() - start)
}
console.log(`insert, one at a time: p50 ${percentile(inserts, 0.5)} p99 ${percentile(inserts, 0.99)} ms`)
await store.close()
await rm(folder, { recursive: true })
