import { execFileSync } from 'node:child_process'
import { copyFile, lstat, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Worker } from 'node:worker_threads'
import { DiskFull } from '@sagebrush/core'
import { skipsFor } from '@sagebrush/testing'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { StoreBusy, StoreFailed } from './errors.ts'
import { HomeTooNew } from './home-too-new.ts'
import type { WriterCalls } from './messages.ts'
import { migrate, migrations } from './migrations.ts'
import { openStore } from './open-store.ts'
import { WorkerLink } from './worker-link.ts'

const scope = { account: '111122223333', region: 'us-east-1' }

let folder = ''
let path = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'store-'))
  path = join(folder, 'state.db')
})
afterEach(() => rm(folder, { recursive: true }))

test('is copied as it was at one moment, while it is written to', async () => {
  const store = await openStore({ path })
  const rows = store.collection<{ n: number }>({ name: 'rows', index: { n: ({ n }) => n } })
  let stopped = false
  let written = 0
  // Two rows that belong together: the first is never behind the second.
  const writing = (async () => {
    for (; !stopped; written++) {
      await rows.put(scope, 'first', { n: written })
      await rows.put(scope, 'second', { n: written })
    }
  })()
  const before = await rows.get(scope, 'second')
  const target = join(folder, 'copy.db')
  await store.copyTo(target)
  stopped = true
  await writing
  await store.close()
  expect((await lstat(target)).mode & 0o777).toBe(0o600)
  const copy = await openStore({ path: target })
  const there = copy.collection<{ n: number }>({ name: 'rows', index: { n: ({ n }) => n } })
  const [first, second] = [await there.get(scope, 'first'), await there.get(scope, 'second')]
  expect(second?.value.n ?? -1).toBeGreaterThanOrEqual(before?.value.n ?? -1)
  expect([0, 1]).toContain((first?.value.n ?? 0) - (second?.value.n ?? -1))
  expect(
    (await there.list(scope, { sortBy: 'n', order: 'ascending', limit: 10 })).rows.map(({ name }) => name).sort(),
  ).toEqual(['first', 'second'])
  await copy.close()
})

describe('the format', () => {
  test('of a newer version is refused and untouched', async () => {
    await (await openStore({ path })).close()
    const db = new DatabaseSync(path)
    db.exec('PRAGMA user_version = 99')
    db.close()
    const before = await readFile(path)
    const cause = await openStore({ path }).catch((error: unknown) => error)
    expect(cause).toBeInstanceOf(HomeTooNew)
    expect(cause).toMatchObject({ found: 99, known: migrations.length })
    expect(String(cause)).toContain(`${path} has format 99, and this version of Sagebrush knows formats up to 1`)
    expect(String(cause)).toContain('start the newer version')
    expect((await readFile(path)).equals(before)).toBe(true)
  })

  test('stays as it was where a migration fails, and goes on from there', async () => {
    const store = await openStore({ path })
    await store.collection<{ n: number }>({ name: 'kept', index: {} }).insert(scope, 'one', { n: 1 })
    await store.close()
    const db = new DatabaseSync(path)
    const schema = () => JSON.stringify(db.prepare('SELECT * FROM sqlite_schema').all())
    const before = schema()
    const good = (to: DatabaseSync) => to.exec('CREATE TABLE added (x); DROP TABLE c_kept')
    const bad = (to: DatabaseSync) => to.exec('INSERT INTO nowhere VALUES (1)')
    expect(() => migrate(db, path, [...migrations, good, bad])).toThrow(/nowhere/)
    expect(schema()).toBe(before)
    expect(db.prepare('PRAGMA user_version').get()?.user_version).toBe(migrations.length)
    migrate(db, path, [...migrations, (to) => to.exec('CREATE TABLE added (x)')])
    expect(db.prepare('PRAGMA user_version').get()?.user_version).toBe(migrations.length + 1)
    db.close()
    await expect(openStore({ path })).rejects.toThrow(HomeTooNew)
  })

  test('of a file that is no database is told', async () => {
    await writeFile(path, 'something else entirely'.repeat(100))
    await expect(openStore({ path })).rejects.toThrow(/not a database/)
  })
})

describe('a changed set of index fields', () => {
  interface Job {
    readonly size: number
    readonly made: Date
  }
  const name = 'jobs'
  const rowCount = 700

  async function fill(): Promise<void> {
    const store = await openStore({ path })
    const jobs = store.collection<Job>({ name, index: { size: ({ size }) => size } })
    const insert = (_: unknown, i: number) => jobs.insert(scope, `job-${i}`, { size: i, made: new Date(1e12 - i) })
    await Promise.all(Array.from({ length: rowCount }, insert))
    await store.close()
  }

  async function expectByMade(): Promise<void> {
    const store = await openStore({ path })
    const jobs = store.collection<Job>({ name, index: { made: ({ made }) => made.getTime() } })
    const page = await jobs.list(scope, { sortBy: 'made', order: 'ascending', limit: rowCount })
    expect(page.rows.map(({ value }) => value.size)).toEqual(
      Array.from({ length: rowCount }, (_, i) => rowCount - 1 - i),
    )
    const where = [{ field: 'made', is: 'equal', value: 1e12 - 5 }] as const
    const found = await jobs.list(scope, { where, sortBy: 'name', order: 'ascending', limit: 9 })
    expect(found.rows.map((row) => row.name)).toEqual(['job-5'])
    expect(found.rows[0]?.version).toBeGreaterThan(0)
    expect(() => store.collection({ name, index: {} })).toThrow(/is open with the index fields made/)
    await store.close()
  }

  test('indexes the rows that are there anew', async () => {
    await fill()
    await expectByMade()
    await expectByMade()
  })

  test('starts over where a crash left it half done', async () => {
    await fill()
    const db = new DatabaseSync(path)
    db.exec(
      `UPDATE collections SET fields = 'stale'; DROP INDEX x_jobs_size; ALTER TABLE c_jobs ADD COLUMN i_made NOT NULL DEFAULT x''`,
    )
    db.close()
    await expectByMade()
  })

  test('refuses what cannot be sorted', async () => {
    const store = await openStore({ path })
    const jobs = store.collection<Job>({ name, index: { size: ({ size }) => size } })
    await expect(jobs.insert(scope, 'a', { size: Number.NaN, made: new Date() })).rejects.toThrow(/"size".*NaN/)
    await expect(jobs.insert(scope, '\ud800', { size: 1, made: new Date() })).rejects.toThrow(/well-formed/)
    await store.close()
  })
})

describe('the file', () => {
  test('is for its owner alone', async () => {
    const store = await openStore({ path })
    await store.collection({ name: 'any', index: {} }).insert(scope, 'a', {})
    for (const file of [path, `${path}-wal`, `${path}-shm`]) expect((await lstat(file)).mode & 0o777).toBe(0o600)
    await store.close()
    await expect(lstat(`${path}-wal`)).rejects.toThrow('ENOENT')
  })

  test('that is copied without its writer being asked holds what was acknowledged', async () => {
    const store = await openStore({ path })
    const rows = store.collection<{ n: number }>({ name: 'any', index: {} })
    for (let n = 0; n < 20; n++) await rows.insert(scope, `${n}`, { n })
    const copy = join(folder, 'copy.db')
    await copyFile(path, copy)
    await copyFile(`${path}-wal`, `${copy}-wal`)
    const copied = await openStore({ path: copy })
    const row = await copied.collection<{ n: number }>({ name: 'any', index: {} }).get(scope, '19')
    expect(row?.value.n).toBe(19)
    await copied.close()
    await store.close()
  })

  test('that another process holds is told', async () => {
    const store = await openStore({ path })
    const rows = store.collection({ name: 'any', index: {} })
    await rows.insert(scope, 'a', {})
    const other = new DatabaseSync(path)
    other.exec('BEGIN IMMEDIATE')
    const cause = await rows.insert(scope, 'b', {}).catch((error: unknown) => error)
    expect(cause).toBeInstanceOf(StoreBusy)
    expect(String(cause)).toContain(`Another process holds ${path}`)
    other.exec('ROLLBACK')
    other.close()
    expect(await rows.insert(scope, 'b', {})).toBe(true)
    await store.close()
  })
})

describe('a thread that ends unasked', () => {
  const dies = [
    ['throws', "require('node:worker_threads').parentPort.once('message', () => { throw new Error('broken') })"],
    ['exits', "require('node:worker_threads').parentPort.once('message', () => process.exit(3))"],
  ] as const
  test.each(dies)('and %s rejects what waits and what comes', async (_, code) => {
    const link = new WorkerLink<WriterCalls>({ path, role: 'writer' }, new Worker(code, { eval: true }))
    const waiting = [link.call('open', {}), link.call('open', {})]
    for (const call of waiting) await expect(call).rejects.toThrow(StoreFailed)
    await expect(link.call('open', {})).rejects.toThrow(StoreFailed)
    await link.close()
  })
})

describe.skipIf(skipsFor('root'))('on a full disk (needs root, to mount a small tmpfs)', () => {
  beforeEach(() => {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', folder])
  })
  afterEach(() => {
    execFileSync('umount', [folder])
  })

  test('a write says DiskFull, and what was acknowledged stays', async () => {
    const store = await openStore({ path })
    const rows = store.collection<{ text: string }>({ name: 'any', index: {} })
    const kept: string[] = []
    let cause: unknown
    for (let i = 0; cause === undefined && i < 1_000; i++) {
      const name = `row-${i}`
      await rows.insert(scope, name, { text: 'x'.repeat(20_000) }).then(
        () => kept.push(name),
        (error: unknown) => {
          cause = error
        },
      )
    }
    expect(cause).toBeInstanceOf(DiskFull)
    expect(String(cause)).toContain('free some space')
    expect(kept.length).toBeGreaterThan(10)
    const range = await rows.range(scope, { prefix: '', limit: 1_000 })
    expect(range.entries).toHaveLength(kept.length)
    execFileSync('mount', ['-o', 'remount,size=12m', folder])
    expect(await rows.insert(scope, 'more', { text: 'y' })).toBe(true)
    await store.close()
    const again = await openStore({ path })
    const after = await again.collection({ name: 'any', index: {} }).range(scope, { prefix: '', limit: 1_000 })
    expect(after.entries).toHaveLength(kept.length + 1)
    await again.close()
  })
})
