import {
  type Clients,
  defineModel,
  deleteEndpoint,
  endOfJob,
  invoke,
  linesOf,
  openClients,
  type ServerProcess,
  startJob,
  startServerProcess,
  until,
  untilInService,
} from '@sagebrush/dev-env'
import { afterAll, beforeAll, expect, test } from 'vitest'

let server: ServerProcess
let clients: Clients

const served = `
def model_fn(folder): return "served "
def transform_fn(model, body, content_type, accept): return model + body, "text/plain"
`

beforeAll(async () => {
  server = await startServerProcess({ SAGEBRUSH_TRAINING_CHECKPOINT_SYNC_SECONDS: '1' })
  clients = await openClients(server)
  await defineModel(clients, 'serves', served)
  await clients.sagemaker.createEndpoint({ EndpointName: 'serves', EndpointConfigName: 'serves' })
  await untilInService(clients, 'serves')
}, 400_000)
// Throws where a task, a process or a mount is left.
afterAll(() => server.close())

const LINES = 60
const printing = `
import time, os
for n in range(${LINES}):
    print("line", n, flush=True)
    time.sleep(0.05)
open(os.environ["SM_MODEL_DIR"] + "/made", "w").write("whole")
`

async function expectWhole(job: string) {
  const description = await endOfJob(clients, job)
  expect(description.TrainingJobStatus, description.FailureReason).toBe('Completed')
  const lines = (await linesOf(clients, job)).filter((line) => line.startsWith('line '))
  expect(lines).toEqual(Array.from({ length: LINES }, (_, n) => `line ${n}`))
  const { Bucket, Key } = location(description.ModelArtifacts?.S3ModelArtifacts ?? '')
  expect((await clients.s3.headObject({ Bucket, Key })).ContentLength).toBeGreaterThan(0)
}

function location(uri: string) {
  const [, Bucket = '', Key = ''] = /^s3:\/\/([^/]+)\/(.+)$/.exec(uri) ?? []
  return { Bucket, Key }
}

async function expectServing() {
  const started = performance.now()
  const said = await until(10_000, () =>
    invoke(clients, 'serves', 'again').catch((error: Error) => {
      if (error.name === 'ModelError') throw error
      return undefined
    }),
  )
  expect(said).toBe('served again')
  expect(performance.now() - started).toBeLessThan(2_000)
}

test('killed as soon as a job is created', { timeout: 120_000 }, async () => {
  await startJob(clients, 'at-once', printing)
  await server.killAndRestart()
  await expectServing()
  await expectWhole('at-once')
})

test('killed twice while a job prints', { timeout: 120_000 }, async () => {
  await startJob(clients, 'running', printing)
  const printed = (line: string) =>
    until(60_000, async () => ((await linesOf(clients, 'running').catch(() => [])).includes(line) ? true : undefined))
  await printed('line 10')
  await server.killAndRestart()
  await expectServing()
  await printed('line 30')
  await server.killAndRestart()
  await expectServing()
  await expectWhole('running')
})

const checkpointing = `
import itertools, os, time
os.makedirs("/opt/ml/checkpoints", exist_ok=True)
for n in itertools.count():
    with open("/opt/ml/checkpoints/%03d" % n, "w") as file:
        file.write("weights of %d" % n)
    time.sleep(0.5)
`

test('killed while a job writes checkpoints: they are in S3 before its end', { timeout: 120_000 }, async () => {
  const Bucket = 'checkpoints-of-the-killed'
  await clients.s3.createBucket({ Bucket })
  await startJob(clients, 'checkpoints', checkpointing, { CheckpointConfig: { S3Uri: `s3://${Bucket}/run` } })
  const last = async () => {
    const { Contents = [] } = await clients.s3.listObjectsV2({ Bucket, Prefix: 'run/' })
    return Contents.at(-1)?.Key
  }
  const before = await until(60_000, last)
  await server.killAndRestart()
  const after = await until(60_000, async () => {
    const key = await last()
    return key !== undefined && Number(key.slice(4)) > Number(before.slice(4)) + 2 ? key : undefined
  })
  const { Body } = await clients.s3.getObject({ Bucket, Key: after })
  expect(await Body?.transformToString()).toBe(`weights of ${Number(after.slice(4))}`)
  const { TrainingJobStatus } = await clients.sagemaker.describeTrainingJob({ TrainingJobName: 'checkpoints' })
  expect(TrainingJobStatus).toBe('InProgress')
  await clients.sagemaker.stopTrainingJob({ TrainingJobName: 'checkpoints' })
  expect((await endOfJob(clients, 'checkpoints')).TrainingJobStatus).toBe('Stopped')
})

test('killed while a job ends', { timeout: 120_000 }, async () => {
  await startJob(clients, 'ends-alone', printing)
  await until(60_000, async () =>
    (await linesOf(clients, 'ends-alone').catch(() => [])).includes('line 55') ? true : undefined,
  )
  await server.killAndRestart()
  await expectWhole('ends-alone')
  await expectServing()
  await deleteEndpoint(clients, 'serves')
})
