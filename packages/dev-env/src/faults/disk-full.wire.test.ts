import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { skipsFor } from '@sagebrush/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type DevEnv, startDevEnv } from '../index.ts'
import { tasksRemoved } from '../left-behind.ts'
import { Clients, ended, makeBucket, refused, startTraining, train, trainingLog } from './fixtures.ts'

const MIB = 1024 * 1024

describe.skipIf(skipsFor('root'))('a home whose disk is full (needs root, to mount a small disk)', () => {
  const home = mkdtempSync(join(tmpdir(), 'faults-disk-'))
  let env: DevEnv
  let clients: Clients
  let bucket: string
  beforeAll(async () => {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=40m,mode=700', 'tmpfs', home])
    env = await startDevEnv({ home })
    clients = new Clients(env.client, env.facts.account)
    bucket = await makeBucket(clients)
    await clients.s3.putObject({ Bucket: bucket, Key: 'old', Body: 'of before' })
    const first = await startTraining(clients, { bucket, code: { 'train.py': '' } })
    expect((await ended(clients, first, 280)).TrainingJobStatus).toBe('Completed')
  }, 300_000)
  afterAll(async () => {
    try {
      clients.destroy()
      await env.close()
    } finally {
      execFileSync('umount', [home])
      rmSync(home, { recursive: true })
    }
  })

  const blobs = async () =>
    (await readdir(join(home, 'blobs'), { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map(({ name }) => name)
      .sort()

  /** Takes all space that is left; what it resolves to gives it back. */
  const fill = async () => {
    // The task of an ended job still goes, and would give some back.
    await tasksRemoved(home)
    const { bavail, bsize } = statfsSync(home)
    const path = join(home, 'ballast')
    writeFileSync(path, Buffer.alloc(bavail * bsize))
    return () => rmSync(path)
  }

  const works = async () => {
    await clients.s3.putObject({ Bucket: bucket, Key: 'new', Body: 'of after' })
    expect((await train(clients, { bucket, code: { 'train.py': 'print(1)' } })).TrainingJobStatus).toBe('Completed')
    const { Body } = await clients.s3.getObject({ Bucket: bucket, Key: 'old' })
    expect(await Body?.transformToString()).toBe('of before')
  }

  test('refuses an object that does not fit, whole or in parts, and keeps nothing of it', async () => {
    const before = await blobs()
    const Body = randomBytes(48 * MIB)
    const error = await refused(clients.s3.putObject({ Bucket: bucket, Key: 'large', Body }))
    expect(error.$metadata.httpStatusCode).toBe(507)
    expect(error.message).toMatch(/disk .*is full/)
    const upload = { Bucket: bucket, Key: 'parts' }
    const { UploadId } = await clients.s3.createMultipartUpload(upload)
    const part = await refused(clients.s3.uploadPart({ ...upload, UploadId, PartNumber: 1, Body }))
    expect(part.$metadata.httpStatusCode).toBe(507)
    await clients.s3.abortMultipartUpload({ ...upload, UploadId })
    expect((await refused(clients.s3.headObject({ Bucket: bucket, Key: 'large' }))).$metadata.httpStatusCode).toBe(404)
    await expect.poll(blobs).toEqual(before)
    await works()
  })

  test('an object that it would replace stays', async () => {
    const error = await refused(clients.s3.putObject({ Bucket: bucket, Key: 'old', Body: randomBytes(48 * MIB) }))
    expect(error.$metadata.httpStatusCode).toBe(507)
    await works()
  })

  test('with nothing left at all refuses what writes, answers what reads, and goes on once there is space', async () => {
    const stream = { logGroupName: 'group', logStreamName: 'stream' }
    await clients.logs.createLogGroup(stream)
    await clients.logs.createLogStream(stream)
    const free = await fill()
    try {
      const small = { Bucket: bucket, Key: 'small', Body: randomBytes(2 * MIB) }
      const put = await refused(clients.s3.putObject(small))
      expect([put.$metadata.httpStatusCode, put.message]).toEqual([507, expect.stringMatching(/disk .*is full/)])
      const lines = Array.from({ length: 10 }, () => ({ timestamp: Date.now(), message: 'm'.repeat(50_000) }))
      const write = async () => {
        for (let i = 0; i < 20; i++) await clients.logs.putLogEvents({ ...stream, logEvents: lines })
      }
      const failed = await refused(write())
      expect([failed.name, failed.$metadata.httpStatusCode]).toEqual(['InsufficientStorageException', 507])
      expect(failed.message).toMatch(/disk .*is full/)
      const { Body } = await clients.s3.getObject({ Bucket: bucket, Key: 'old' })
      expect(await Body?.transformToString()).toBe('of before')
      expect((await clients.sagemaker.listTrainingJobs({})).TrainingJobSummaries?.length).toBeGreaterThan(0)
    } finally {
      free()
    }
    await works()
  })

  const writes = (mib: number, file: string) => ({
    'train.py': `import os\nprint("writing", flush=True)\nf = open("${file}", "wb")\nfor _ in range(${mib}): f.write(os.urandom(${MIB}))\nf.close()\n`,
  })

  test.each([
    ['does not fit', 48],
    ['fits, but not a second time as an archive', 24],
  ])('fails a job whose model %s, and says disk', async (_, mib) => {
    const before = await blobs()
    const job = await train(clients, { bucket, code: writes(mib, '/opt/ml/model/weights') })
    expect(job.TrainingJobStatus).toBe('Failed')
    expect(job.FailureReason).toMatch(/No space left on device|disk .*full|No space is left on the disk/)
    expect(await trainingLog(clients, job.TrainingJobName ?? '')).toContain('writing')
    const after = await blobs()
    expect(after.filter((name) => !before.includes(name)).length).toBe(1) // the code
    await works()
  })
})
