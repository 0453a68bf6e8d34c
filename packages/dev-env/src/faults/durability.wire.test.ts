import { randomUUID } from 'node:crypto'
import { dirname } from 'node:path'
import { S3 } from '@aws-sdk/client-s3'
import { SageMaker } from '@aws-sdk/client-sagemaker'
import { readClientFacts } from '@sagebrush/server/client'
import { lacking, skipsFor } from '@sagebrush/testing'
import { beforeAll, describe, expect, test } from 'vitest'
import { image, until } from './fixtures.ts'
import { type SystemCall, startTracedServer } from './traced-server.ts'

const key = `key-${randomUUID()}`
const content = `content-${randomUUID()}`
const job = `job-${randomUUID()}`

// What a kill of the server cannot show, since the page cache outlives it: that a loss of power loses nothing either.
describe.skipIf(skipsFor('strace'))(`what is durable before an answer (${lacking('strace') ?? 'strace'})`, () => {
  let calls: readonly SystemCall[]
  let putAnswer: SystemCall
  let createAnswer: SystemCall

  beforeAll(async () => {
    const server = await startTracedServer()
    const ids = await ask(server.home).catch(async (error) => {
      await server.close()
      throw error
    })
    calls = await server.close()
    putAnswer = answerOf(ids.put)
    createAnswer = answerOf(ids.created)
  })

  /** The write to the socket that holds the answer of this request. */
  function answerOf(requestId: string): SystemCall {
    return only(calls.filter((call) => call.arguments.includes('<TCP:') && call.arguments.includes(requestId)))
  }

  /** The write of a name into the write-ahead log that is followed by a sync of it, all before the answer. */
  function expectLogged(name: string, after: number, answer: SystemCall): void {
    const inLog = (call: SystemCall) => /^\d+<[^>]*-wal>/.test(call.arguments) && call.succeeded
    const writes = calls.filter((call) => inLog(call) && isWrite(call) && call.arguments.includes(name))
    const written = writes.filter((call) => call.began > after && call.done < answer.began)
    expect(written.length, `writes of ${name} into the write-ahead log before the answer`).toBeGreaterThan(0)
    const last = Math.max(...written.map(({ done }) => done))
    const synced = calls.filter((call) => inLog(call) && isSync(call) && call.began > last && call.done < answer.began)
    expect(synced.length, 'syncs of the write-ahead log between the write and the answer').toBeGreaterThan(0)
  }

  test('PutObject: the file written, synced and renamed, its folder synced, the row logged and synced', () => {
    const written = only(
      calls.filter((call) => isWrite(call) && call.arguments.includes(content) && /^\d+<\//.test(call.arguments)),
    )
    const aside = pathOf(written)
    expect(aside).toMatch(/\/blobs\/incoming\//)
    const synced = first('fsync of the file', (call) => isSync(call) && pathOf(call) === aside, written.done)
    const renamed = first(
      'rename',
      (call) => call.name.startsWith('rename') && call.arguments.includes(`"${aside}"`),
      synced.done,
    )
    const target = renamed.arguments.match(/"([^"]+)"/g)?.[1]?.slice(1, -1) ?? ''
    const folder = first(
      'fsync of the folder',
      (call) => isSync(call) && pathOf(call) === dirname(target),
      renamed.done,
    )
    expect(folder.done).toBeLessThan(putAnswer.began)
    expectLogged(key, folder.done, putAnswer)
  })

  test('CreateTrainingJob: the row logged and synced', () => {
    expectLogged(job, putAnswer.done, createAnswer)
  })

  function first(what: string, is: (call: SystemCall) => boolean, after: number): SystemCall {
    const found = calls.find((call) => is(call) && call.succeeded && call.began > after)
    if (!found) throw new Error(`there is no ${what}`)
    return found
  }
})

/** One PUT and one Create, in that order; resolves to the ids of their requests. */
async function ask(home: string): Promise<{ readonly put: string; readonly created: string }> {
  const { url: endpoint, region, accessKeyId, secretAccessKey, roleArn } = readClientFacts(home)
  const settings = { endpoint, region, credentials: { accessKeyId, secretAccessKey }, maxAttempts: 1 }
  const s3 = new S3({ ...settings, forcePathStyle: true })
  const sagemaker = new SageMaker(settings)
  await s3.createBucket({ Bucket: 'durable' })
  const put = await s3.putObject({ Bucket: 'durable', Key: key, Body: content })
  const created = await sagemaker.createTrainingJob({
    TrainingJobName: job,
    RoleArn: roleArn,
    AlgorithmSpecification: { TrainingImage: image, TrainingInputMode: 'File' },
    // There is no such code: the job fails, which is nothing to this test.
    HyperParameters: { sagemaker_program: 'x.py', sagemaker_submit_directory: 's3://durable/none.tar.gz' },
    OutputDataConfig: { S3OutputPath: 's3://durable/out' },
    ResourceConfig: { InstanceType: 'ml.m5.large', InstanceCount: 1, VolumeSizeInGB: 1 },
    StoppingCondition: { MaxRuntimeInSeconds: 60 },
  })
  await until('the end of the job', async () => {
    const { TrainingJobStatus } = await sagemaker.describeTrainingJob({ TrainingJobName: job })
    return TrainingJobStatus === 'Failed' || undefined
  })
  s3.destroy()
  sagemaker.destroy()
  return { put: put.$metadata.requestId ?? '', created: created.$metadata.requestId ?? '' }
}

function isWrite({ name }: SystemCall): boolean {
  return ['write', 'writev', 'pwrite64', 'pwritev'].includes(name)
}

function isSync({ name }: SystemCall): boolean {
  return name === 'fsync' || name === 'fdatasync'
}

function pathOf(call: SystemCall): string {
  return /^\d+<([^>]*)>/.exec(call.arguments)?.[1] ?? ''
}

function only<T>(found: readonly T[]): T {
  const [one, ...others] = found
  if (one === undefined || others.length > 0) throw new Error(`expected one such call, found ${found.length}`)
  return one
}
