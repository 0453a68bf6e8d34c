import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type DevEnv, startDevEnv } from '../index.ts'
import {
  Clients,
  ended,
  logOf,
  makeBucket,
  refused,
  startTraining,
  train,
  trainingLog,
  unique,
  until,
} from './fixtures.ts'

let env: DevEnv
let clients: Clients
let bucket: string
beforeAll(async () => {
  env = await startDevEnv({ settings: { 'limits.trainingStopSeconds': '1' } })
  clients = new Clients(env.client, env.facts.account)
  bucket = await makeBucket(clients)
  // The first job may have to make the environment of the managed image.
  const first = await startTraining(clients, { bucket, code: { 'train.py': '' } })
  expect((await ended(clients, first, 280)).TrainingJobStatus).toBe('Completed')
}, 300_000)
afterAll(async () => {
  clients.destroy()
  await env.close()
})

/** The reason of a job that fails, which leaves no artifact behind. */
async function failing(code: Readonly<Record<string, string>>, program?: string): Promise<string> {
  const job = await train(clients, { bucket, code, program })
  expect(job).toMatchObject({ TrainingJobStatus: 'Failed', SecondaryStatus: 'Failed' })
  expect(job.SecondaryStatusTransitions?.at(-1)).toMatchObject({
    Status: 'Failed',
    StatusMessage: 'Training job failed',
  })
  const { Contents = [] } = await clients.s3.listObjectsV2({ Bucket: bucket, Prefix: `out/${job.TrainingJobName}` })
  expect(Contents.filter(({ Key }) => Key?.endsWith('model.tar.gz'))).toEqual([])
  return job.FailureReason ?? ''
}

describe('an entry point', () => {
  test('that is missing is named, with what is there', async () => {
    expect(await failing({ 'other.py': '' })).toBe(
      'AlgorithmError: entry point train.py is not in /opt/ml/code; it has: other.py, exit code: 1',
    )
  })

  test('with a syntax error is quoted', async () => {
    const reason = await failing({ 'train.py': 'print(1)\nx = = 2\n' })
    expect(reason).toMatch(
      /^AlgorithmError: .*train\.py", line 2\n {4}x = = 2\n.*SyntaxError: invalid syntax.*, exit code: 1$/s,
    )
  })

  test('that exits 3 is told by its last lines', async () => {
    const reason = await failing({ 'train.py': 'import sys\nfor i in range(50): print("line", i)\nsys.exit(3)\n' })
    expect(reason).toMatch(/line 48\nline 49.*, exit code: 3$/s)
  })

  test('that raises is told by its traceback', async () => {
    const reason = await failing({ 'train.py': 'def fit():\n    raise ValueError("no column ‘größe’")\nfit()\n' })
    expect(reason).toMatch(/line 2, in fit\n.*ValueError: no column ‘größe’.*, exit code: 1$/s)
  })

  test('that writes the failure file itself is told in its words', async () => {
    const code = 'open("/opt/ml/output/failure", "w").write("my own reason")\nraise SystemExit(9)\n'
    expect(await failing({ 'train.py': code })).toMatch(/^AlgorithmError: .*my own reason.*, exit code: 9$/s)
  })

  test('that kills itself is told by its signal', async () => {
    const code = 'import os\nprint("before", flush=True)\nos.kill(os.getpid(), 9)\n'
    expect(await failing({ 'train.py': code })).toMatch(/before.*, exit code: 137$/s)
  })

  test('in the shell is told by its last lines too', async () => {
    expect(await failing({ 'train.sh': 'echo from the shell\nexit 4\n' }, 'train.sh')).toMatch(/from the shell.*: 4$/s)
  })
})

test('requirements that cannot be installed are told in the resolver’s words', async () => {
  const reason = await failing({ 'train.py': '', 'requirements.txt': './packages/none-such\n' })
  expect(reason).toMatch(
    /^AlgorithmError: InstallRequirementsError:.*Invalid requirement: .*none-such.*, exit code: 1$/s,
  )
})

test('a channel prefix with no objects is refused at once, and no job is there', async () => {
  const name = unique('empty')
  const channel = (uri: string) => ({
    ChannelName: 'train',
    DataSource: { S3DataSource: { S3DataType: 'S3Prefix' as const, S3Uri: uri } },
  })
  for (const uri of [`s3://${bucket}/nothing/here`, 's3://no-such-bucket-of-ours/data']) {
    const request = { TrainingJobName: name, InputDataConfig: [channel(uri)] }
    const error = await refused(startTraining(clients, { bucket, code: { 'train.py': '' }, request }))
    expect(error.name).toBe('ValidationException')
    expect(error.message).toContain(`No S3 objects found under S3 URL "${uri}"`)
    const missing = await refused(clients.sagemaker.describeTrainingJob({ TrainingJobName: name }))
    expect(missing.message).toBe('Requested resource not found.')
  }
})

test('code that is not in S3 is named', async () => {
  const hyperparameters = { sagemaker_submit_directory: `s3://${bucket}/none.tar.gz` }
  const job = await train(clients, { bucket, code: {}, hyperparameters })
  expect(job).toMatchObject({
    TrainingJobStatus: 'Failed',
    FailureReason: `ClientError: There is no object s3://${bucket}/none.tar.gz.`,
  })
})

const IGNORES = `
import signal, time
signal.signal(signal.SIGTERM, lambda *_: print("no, thank you", flush=True))
open("/opt/ml/model/partial.txt", "w").write("so far")
print("going", flush=True)
while True: time.sleep(0.05)
`

const says = (name: string, line: string) =>
  until(`${name} saying ${line}`, async () => ((await trainingLog(clients, name)).includes(line) ? true : undefined))

test('a job that is stopped at once begins nothing after that, and no time of it is counted', async () => {
  const name = await startTraining(clients, { bucket, code: { 'train.py': IGNORES } })
  await clients.sagemaker.stopTrainingJob({ TrainingJobName: name })
  const job = await ended(clients, name)
  const seen = job.SecondaryStatusTransitions?.map(({ Status }) => Status) ?? []
  const ran = seen.includes('Training') // on a machine that is very slow to answer
  expect(seen.slice(seen.indexOf('Stopping'))).toEqual(['Stopping', ...(ran ? ['Uploading'] : []), 'Stopped'])
  const begun = seen.includes('Downloading')
  expect('BillableTimeInSeconds' in job && job.BillableTimeInSeconds !== undefined).toBe(begun)
})

describe('a job that ignores SIGTERM', () => {
  test('is killed after the grace when it is stopped, and what it had made is kept', async () => {
    const name = await startTraining(clients, { bucket, code: { 'train.py': IGNORES } })
    await says(name, 'going')
    const asked = Date.now()
    await clients.sagemaker.stopTrainingJob({ TrainingJobName: name })
    const job = await ended(clients, name)
    expect(Date.now() - asked).toBeGreaterThan(1000)
    expect(job).toMatchObject({ TrainingJobStatus: 'Stopped', SecondaryStatus: 'Stopped' })
    expect(await trainingLog(clients, name)).toContain('no, thank you')
    const Key = job.ModelArtifacts?.S3ModelArtifacts?.replace(`s3://${bucket}/`, '')
    expect((await clients.s3.headObject({ Bucket: bucket, Key })).ContentLength).toBeGreaterThan(50)
    const again = await refused(clients.sagemaker.stopTrainingJob({ TrainingJobName: name }))
    expect(again.name).toBe('ValidationException')
  })

  test('is killed after the grace when its time is over', async () => {
    const request = { StoppingCondition: { MaxRuntimeInSeconds: 1 } }
    const job = await train(clients, { bucket, code: { 'train.py': IGNORES }, request })
    expect(job).toMatchObject({ TrainingJobStatus: 'Stopped', SecondaryStatus: 'MaxRuntimeExceeded' })
    expect(job.SecondaryStatusTransitions?.map(({ Status }) => Status)).toContain('Uploading')
    expect(await trainingLog(clients, job.TrainingJobName ?? '')).toContain('no, thank you')
  })
})

test('a log that is not there yet answers as AWS does', async () => {
  expect(await logOf(clients, 'TrainingJobs', 'no-such-job/')).toEqual([])
})
