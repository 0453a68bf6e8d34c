import { execFileSync, spawnSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { fileURLToPath } from 'node:url'
import { S3 } from '@aws-sdk/client-s3'
import {
  type Clients,
  endOfJob,
  linesOf,
  openClients,
  run,
  type ServerProcess,
  startJob,
  startServerProcess,
  until,
} from '@sagebrush/dev-env'
import { readClientFacts } from '@sagebrush/server/client'
import { afterAll, beforeAll, expect, test } from 'vitest'

const cli = fileURLToPath(new URL('../../bin/sagebrush.mjs', import.meta.url))
const bucket = 'uploads'

let folder: string
let server: ServerProcess
let clients: Clients
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'backup-'))
  server = await startServerProcess()
  clients = await openClients(server)
  await clients.s3.createBucket({ Bucket: bucket })
})
afterAll(async () => {
  await server.close()
  rmSync(folder, { recursive: true })
})

const sagebrush = (home: string, ...words: string[]) =>
  run(process.execPath, [cli, ...words], { PATH: process.env.PATH, SAGEBRUSH_HOME: home, SAGEBRUSH_PORT: '0' })

const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

/** Objects that come, are replaced and go, until `stop`; resolves to what was there before and what has gone since. */
function churn() {
  const stored = new Map<string, string>()
  let stopped = false
  const work = async (worker: number) => {
    for (let round = 0; !stopped; round++) {
      const Key = `churn/${worker}-${round}`
      const Body = randomBytes(64 * 1024)
      await clients.s3.putObject({ Bucket: bucket, Key, Body })
      stored.set(Key, sha256(Body))
      // Replaced and deleted at once: their bytes go, unless somebody keeps them.
      await clients.s3.putObject({ Bucket: bucket, Key: `replaced/${worker}`, Body: randomBytes(64 * 1024) })
      if (round > 2) await clients.s3.deleteObject({ Bucket: bucket, Key: `churn/${worker}-${round - 3}` })
    }
  }
  const working = Promise.all(Array.from({ length: 4 }, (_, worker) => work(worker)))
  return {
    stored,
    stop: () => {
      stopped = true
      return working
    },
  }
}

const finishedJob = 'import os\nfor i in range(2000): print("line", i)\nopen("/opt/ml/model/m", "w").write("weights")'
const endlessJob =
  'import time\ni = 0\nwhile True:\n    print("endless", i, flush=True)\n    i += 1\n    time.sleep(0.002)'

test('a running home is backed up and stands elsewhere: jobs, objects, lines, keys', { timeout: 300_000 }, async () => {
  const kept = randomBytes(3 * 1024 ** 2)
  await clients.s3.putObject({ Bucket: bucket, Key: 'kept', Body: kept, Metadata: { colour: 'blue' } })
  await startJob(clients, 'finished', finishedJob)
  expect(await endOfJob(clients, 'finished')).toMatchObject({ TrainingJobStatus: 'Completed' })
  await startJob(clients, 'endless', endlessJob)
  await until(60_000, async () => ((await linesOf(clients, 'endless')).length > 100 ? true : undefined))

  const churning = churn()
  await until(30_000, async () => (churning.stored.size > 40 ? true : undefined))
  const file = join(folder, 'home.tar')
  const done = await server.sagebrush(['backup', file])
  const linesThen = (await linesOf(clients, 'endless')).length
  await until(30_000, async () => (churning.stored.size > 80 ? true : undefined))
  await churning.stop()
  expect(done.code, done.stderr).toBe(0)
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(readdirSync(join(server.home, 'snapshots'))).toEqual([])
  const finished = await clients.sagemaker.describeTrainingJob({ TrainingJobName: 'finished' })
  const finishedLines = await linesOf(clients, 'finished')
  const again = await server.sagebrush(['backup', file])
  expect([again.code, again.stderr]).toEqual([1, `${file} is there already: name a new file.\n`])

  const home = join(folder, 'restored')
  const restored = await sagebrush(home, 'restore', file)
  expect(restored.code, restored.stderr).toBe(0)
  expect(restored.stdout).toContain(`Start it: sagebrush up -d --home ${home}\n`)
  expect(statSync(home).mode & 0o777).toBe(0o700)
  const up = await sagebrush(home, 'up', '-d')
  expect(up.code, up.stderr).toBe(0)
  try {
    // The keys of the first home open the second.
    const keysThen = readClientFacts(server.home)
    const { url, region } = readClientFacts(home)
    const there = await reopen(url, region, keysThen)
    const { $metadata: _, ...described } = await there.sagemaker.describeTrainingJob({ TrainingJobName: 'finished' })
    const { $metadata: __, ...before } = finished
    expect(described).toEqual(before)
    const lines = await linesOf(there, 'finished')
    expect(lines).toEqual(finishedLines)
    expect(lines.filter((line) => line.startsWith('line '))).toHaveLength(2000)

    const object = await there.s3.getObject({ Bucket: bucket, Key: 'kept' })
    expect(sha256((await object.Body?.transformToByteArray()) ?? new Uint8Array())).toBe(sha256(kept))
    expect(object.Metadata).toEqual({ colour: 'blue' })
    // Whatever the copy's rows name has its bytes, though most of it has been replaced or deleted since.
    const { Contents = [] } = await there.s3.listObjectsV2({ Bucket: bucket })
    expect(Contents.length).toBeGreaterThan(8)
    for (const { Key = '', Size } of Contents) {
      const { Body } = await there.s3.getObject({ Bucket: bucket, Key })
      const bytes = (await Body?.transformToByteArray()) ?? new Uint8Array()
      expect(bytes.length).toBe(Size)
      if (Key.startsWith('churn/')) expect(sha256(bytes)).toBe(churning.stored.get(Key))
    }

    // What ran does not run here: said so, with every line up to the backup, once and in order.
    const lost = await endOfJob(there, 'endless')
    expect(lost).toMatchObject({ TrainingJobStatus: 'Failed' })
    const endless = (await linesOf(there, 'endless')).filter((line) => line.startsWith('endless '))
    expect(endless).toEqual(endless.map((_line, index) => `endless ${index}`))
    expect(endless.length).toBeGreaterThan(100)
    expect(endless.length).toBeLessThanOrEqual(linesThen + 1)
  } finally {
    await sagebrush(home, 'down')
  }
  // The first home went on.
  expect(await clients.sagemaker.describeTrainingJob({ TrainingJobName: 'endless' })).toMatchObject({
    TrainingJobStatus: 'InProgress',
  })
  await clients.sagemaker.stopTrainingJob({ TrainingJobName: 'endless' })
  expect(await endOfJob(clients, 'endless')).toMatchObject({ TrainingJobStatus: 'Stopped' })

  // A home on which no server runs is backed up too, as it lies there.
  const second = join(folder, 'second.tar')
  // Of an earlier try that was killed, and of one that goes on.
  const [dead, alive] = [spawnSync('true').pid, process.pid].map((pid) => `${second}.${pid}.part`)
  for (const part of [dead, alive]) writeFileSync(part ?? '', 'half')
  const stopped = await sagebrush(home, 'backup', second)
  expect(stopped.code, stopped.stderr).toBe(0)
  expect([dead, alive].map((part) => existsSync(part ?? ''))).toEqual([false, true])
  const full = await sagebrush(home, 'restore', second)
  expect(full.stderr).toMatch(/^The home .* is not empty: restore into another one/)
  expect((await sagebrush(join(folder, 'third'), 'restore', second)).code).toBe(0)

  // What a restore leaves that is killed: no server starts on it, and another restore begins anew.
  const cut = join(folder, 'cut')
  for (const left of ['restoring/store', 'blobs/half']) mkdirSync(join(cut, left), { recursive: true })
  const refused = await sagebrush(cut, 'up', '-d')
  expect([refused.code, refused.stderr]).toEqual([
    1,
    expect.stringMatching(/is half restored: .* "sagebrush restore FILE/),
  ])
  expect(existsSync(join(cut, 'restoring'))).toBe(true)
  expect((await sagebrush(cut, 'restore', second)).code).toBe(0)
  expect([existsSync(join(cut, 'restoring')), existsSync(join(cut, 'blobs', 'half'))]).toEqual([false, false])
})

async function reopen(
  endpoint: string,
  region: string,
  { accessKeyId, secretAccessKey }: { readonly accessKeyId: string; readonly secretAccessKey: string },
): Promise<Clients> {
  const settings = { endpoint, region, credentials: { accessKeyId, secretAccessKey }, maxAttempts: 1 }
  const { CloudWatchLogs } = await import('@aws-sdk/client-cloudwatch-logs')
  const { SageMaker } = await import('@aws-sdk/client-sagemaker')
  return {
    ...clients,
    sagemaker: new SageMaker(settings),
    logs: new CloudWatchLogs(settings),
    s3: new S3({ ...settings, forcePathStyle: true }),
  }
}

test('what cannot be restored is refused in words, and nothing is left', async () => {
  const home = join(folder, 'refused')
  const work = join(folder, 'work')
  mkdirSync(join(work, 'store'), { recursive: true })
  const archive = (manifest: object) => {
    writeFileSync(join(work, 'backup.json'), JSON.stringify(manifest))
    const file = join(folder, 'made.tar')
    execFileSync('tar', ['-cf', file, '-C', work, 'backup.json', 'store'])
    return file
  }
  const refusal = async (file: string) => {
    const done = await sagebrush(home, 'restore', file)
    expect(done.code).toBe(1)
    expect(existsSync(home)).toBe(false)
    return done.stderr
  }
  const ours = { format: 1, homeFormat: 1, version: '9.9.9', created: '2026-01-01T00:00:00.000Z' }
  expect(await refusal(archive({ ...ours, format: 2 }))).toMatch(
    /written by Sagebrush 9\.9\.9, whose format this one does not/,
  )
  expect(await refusal(archive({ ...ours, homeFormat: 99 }))).toMatch(/written by Sagebrush 9\.9\.9/)
  expect(await refusal(archive(ours))).toMatch(/has no store: it is cut short/)
  const db = new DatabaseSync(join(work, 'store', 'state.db'))
  db.exec('PRAGMA user_version = 99')
  db.close()
  expect(await refusal(archive(ours))).toMatch(/has format 99, and this version of Sagebrush knows formats up to/)
  expect(await refusal(join(folder, 'nothing.tar'))).toMatch(/^There is no file /)
  writeFileSync(join(folder, 'text.tar'), 'no tar')
  expect(await refusal(join(folder, 'text.tar'))).toBe(
    `${join(folder, 'text.tar')} is no backup of a Sagebrush home.\n`,
  )
  execFileSync('tar', ['-cf', join(folder, 'other.tar'), '-C', work, 'store'])
  expect(await refusal(join(folder, 'other.tar'))).toMatch(/is no backup of a Sagebrush home\.\n$/)
  const nothing = await sagebrush(home, 'backup', join(folder, 'x.tar'))
  expect(nothing.stderr).toMatch(/^There is no home at .* yet: nothing to back up/)
})
