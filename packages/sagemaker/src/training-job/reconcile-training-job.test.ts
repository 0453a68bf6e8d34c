import { readdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { ApiError } from '@sagebrush/core'
import { afterEach, expect, test } from 'vitest'
import {
  Archives,
  createJob,
  describeJob,
  firstTask,
  jobRequest,
  jobStatus,
  logOf,
  statuses,
  taskIds,
} from '../testing/jobs.ts'
import { caller, IMAGE, ROLE, until, World } from '../testing/world.ts'

const worlds: World[] = []

afterEach(async () => {
  for (const world of worlds.splice(0)) {
    await world.service.close()
    expect(world.errors).toEqual([])
  }
})

async function begin(config: ConstructorParameters<typeof World>[0] = {}): Promise<World> {
  const world = new World(config)
  worlds.push(world)
  await world.service.start()
  world.objects.put('s3://data/iris/train.csv', '1,2')
  return world
}

test('a job runs from Create to Completed, with every transition, its log and its model', async () => {
  const world = await begin()
  await using archives = new Archives()
  await createJob(world, jobRequest('job'))
  const id = await firstTask(world)
  world.pass(1)
  world.engine.run(id)
  world.engine.print(id, 'one', 'two', 'three')
  await jobStatus(world, 'Training')
  world.pass(3)
  world.engine.end(id, { outputs: [await archives.output('model.tar.gz', 'the model')] })
  const job = await jobStatus(world, 'Completed')
  expect(statuses(job)).toEqual(['Starting', 'Downloading', 'Training', 'Uploading', 'Completed'])
  expect(job.SecondaryStatusTransitions?.every(({ EndTime, StatusMessage }) => EndTime && StatusMessage)).toBe(true)
  expect(job.TrainingTimeInSeconds).toBe(4)
  expect(job.BillableTimeInSeconds).toBe(4)
  expect(job.OutputDataConfig).toEqual({ KmsKeyId: '', CompressionType: 'GZIP', S3OutputPath: 's3://out/' })
  expect(job.ModelArtifacts).toEqual({ S3ModelArtifacts: 's3://out/job/output/model.tar.gz' })
  expect(Buffer.from(world.objects.get('s3://out/job/output/model.tar.gz') ?? []).toString()).toBe('the model')
  const epoch = Date.parse('2026-03-01T12:00:00Z')
  const [stream] = await world.logs.streams(caller, '/aws/sagemaker/TrainingJobs')
  expect(stream?.name).toBe(`job/algo-1-${epoch}`)
  expect((await logOf(world, 'job/algo-1')).map(({ message }) => message)).toEqual([
    `Sagebrush: scikit-learn 1.2 stands in for ${IMAGE} (asked for 1.2-1)`,
    `Sagebrush: the execution role ${ROLE} did not exist and was created, trusted by sagemaker.amazonaws.com`,
    'one',
    'two',
    'three',
  ])
  await until(() => world.engine.tasks.size === 0)
})

test('a job with the name of one that was deleted within the same second has a log of its own', async () => {
  const world = await begin()
  const run = async (index: number, lines: readonly string[]) => {
    await createJob(world, jobRequest('job'))
    const id = (await taskIds(world, index + 1))[index] ?? ''
    world.engine.run(id)
    world.engine.print(id, ...lines)
    world.engine.end(id)
    await jobStatus(world, 'Completed')
    await until(() => world.engine.tasks.size === 0)
  }
  await run(0, ['first', 'with', 'more', 'lines'])
  await world.service.operations.DeleteTrainingJob.handle({ TrainingJobName: 'job' }, world.context())
  world.pass(0.5)
  await run(1, ['second'])
  const group = '/aws/sagemaker/TrainingJobs'
  const logs = await Promise.all(
    (await world.logs.streams(caller, group)).map(async ({ name }) => {
      const from = { from: 0, direction: 'forward', limit: 100, maxBytes: 1e6 } as const
      const { events } = await world.logs.read(caller, group, name, from)
      return events.map(({ message }) => message).filter((message) => !message.startsWith('Sagebrush: '))
    }),
  )
  expect(logs).toEqual([['first', 'with', 'more', 'lines'], ['second']])
})

test('a task that is over before anybody looked leaves the whole history', async () => {
  const world = await begin()
  await createJob(world, jobRequest('job'))
  const id = await firstTask(world)
  world.engine.end(id)
  expect(statuses(await jobStatus(world, 'Completed'))).toEqual([
    'Starting',
    'Downloading',
    'Training',
    'Uploading',
    'Completed',
  ])
})

test('while its environment is made, a job says so', async () => {
  const world = await begin()
  world.engine.first = { phase: 'preparing', message: 'Making the environment of scikit-learn 1.2', since: world.now() }
  await createJob(world, jobRequest('job'))
  await firstTask(world)
  const job = await until(async () => {
    const seen = await describeJob(world)
    return seen.SecondaryStatusTransitions?.[0]?.StatusMessage !== 'Starting the training job' && seen
  })
  expect(job.SecondaryStatusTransitions).toMatchObject([
    { Status: 'Starting', StatusMessage: 'Making the environment of scikit-learn 1.2' },
  ])
})

test('while its engine holds it up, a job says so', async () => {
  const world = await begin()
  const message = 'The container engine is busy with something else: it has been waited for 5 s'
  world.engine.first = { phase: 'staging', since: world.now(), message }
  await createJob(world, jobRequest('job'))
  const id = await firstTask(world)
  const last = async () => (await describeJob(world)).SecondaryStatusTransitions?.at(-1)
  await until(async () => (await last())?.StatusMessage === message)
  expect(await last()).toMatchObject({ Status: 'Downloading' })
  world.engine.set(id, { phase: 'staging', since: world.now() })
  await until(async () => (await last())?.StatusMessage !== message)
  expect(await last()).toMatchObject({ Status: 'Downloading', StatusMessage: 'Downloading input data' })
  world.engine.run(id)
  await until(async () => (await last())?.Status === 'Training')
})

test('a script that fails gives AlgorithmError with its own last lines and its exit code', async () => {
  const world = await begin()
  await createJob(world, jobRequest('job'))
  const id = await firstTask(world)
  world.engine.run(id)
  world.engine.print(
    id,
    ...Array.from({ length: 50 }, (_, line) => `line ${line} ${'x'.repeat(100)}`),
    'ValueError: bad C',
  )
  world.engine.end(id, { exit: { code: 3 } })
  const job = await jobStatus(world, 'Failed')
  expect(job.FailureReason).toMatch(/\nValueError: bad C, exit code: 3$/)
  expect(job.FailureReason).toMatch(/^AlgorithmError: line \d+ x{100}\n/)
  expect(job.FailureReason?.length).toBeGreaterThan(1_024 - 110)
  expect(job.FailureReason?.length).toBeLessThanOrEqual(1_024)
})

test.each([
  [
    { failure: 'ExecuteUserScriptError:\nExitCode 1', exit: { code: 1 } },
    'AlgorithmError: ExecuteUserScriptError:\nExitCode 1, exit code: 1',
  ],
  [
    { exit: { signal: 'SIGKILL', code: undefined, outOfMemory: true } },
    'AlgorithmError: See the job logs, exit code: 137 (out of memory)',
  ],
  [{ outputError: 'No space left on device' }, 'ClientError: Artifact upload failed: No space left on device'],
])('a task that ends with %j fails the job', async (end, reason) => {
  const world = await begin()
  await createJob(world, jobRequest('job'))
  world.engine.end(await firstTask(world), end)
  expect((await jobStatus(world, 'Failed')).FailureReason).toBe(reason)
})

test('what cannot be staged is a ClientError, and the history has no Training', async () => {
  const world = await begin()
  await createJob(world, jobRequest('job'))
  const id = await firstTask(world)
  world.engine.set(id, {
    phase: 'failed',
    fault: 'user',
    message: 'No object s3://data/code/sourcedir.tar.gz',
    ended: world.now(),
  })
  const job = await jobStatus(world, 'Failed')
  expect(job.FailureReason).toBe('ClientError: No object s3://data/code/sourcedir.tar.gz')
  expect(statuses(job)).toEqual(['Starting', 'Downloading', 'Failed'])
})

test('a platform failure is tried again as often as RetryStrategy says', async () => {
  const world = await begin()
  await createJob(world, jobRequest('job', { RetryStrategy: { MaximumRetryAttempts: 1 } }))
  const broken = { phase: 'failed', fault: 'platform', message: 'the environment broke' } as const
  world.engine.set(await firstTask(world), { ...broken, ended: world.now() })
  const [first, second] = await taskIds(world, 2)
  expect(second).not.toBe(first)
  world.engine.run(second ?? '')
  await jobStatus(world, 'Training')
  world.engine.set(second ?? '', { ...broken, ended: world.now() })
  const job = await jobStatus(world, 'Failed')
  expect(job.FailureReason).toBe('InternalServerError: the environment broke')
  expect(statuses(job)).toEqual(['Starting', 'Downloading', 'Restarting', 'Downloading', 'Training', 'Failed'])
  await until(() => world.engine.tasks.size === 0)
})

test('a task that the engine lost is an InternalServerError', async () => {
  const world = await begin()
  await createJob(world, jobRequest('job'))
  const id = await firstTask(world)
  world.engine.run(id)
  await jobStatus(world, 'Training')
  await world.engine.remove(id)
  expect((await jobStatus(world, 'Failed')).FailureReason).toMatch(/^InternalServerError: The task is no longer there/)
})

test('a stopped job still stores its model', async () => {
  const world = await begin()
  await using archives = new Archives()
  await createJob(world, jobRequest('job'))
  const id = await firstTask(world)
  world.engine.run(id)
  await jobStatus(world, 'Training')
  await world.service.operations.StopTrainingJob.handle({ TrainingJobName: 'job' }, world.context())
  expect((await describeJob(world)).TrainingJobStatus).toBe('Stopping')
  await until(() => world.engine.stoppedWithMs(id) === 120_000)
  world.engine.end(id, {
    exit: { code: 143, stopped: true },
    outputs: [await archives.output('model.tar.gz', 'half a model')],
  })
  const job = await jobStatus(world, 'Stopped')
  expect(statuses(job)).toEqual(['Starting', 'Downloading', 'Training', 'Stopping', 'Uploading', 'Stopped'])
  expect(job.FailureReason).toBeUndefined()
  expect(Buffer.from(world.objects.get('s3://out/job/output/model.tar.gz') ?? []).toString()).toBe('half a model')
  await expect(
    (async () => world.service.operations.StopTrainingJob.handle({ TrainingJobName: 'job' }, world.context()))(),
  ).rejects.toThrow('The request was rejected because the training job is in status Stopped.')
})

const stop = async (world: World) =>
  world.service.operations.StopTrainingJob.handle({ TrainingJobName: 'job' }, world.context())

test('a job that was stopped before anything of it ran has no time, and nothing between Stopping and Stopped', async () => {
  const world = await begin()
  world.engine.first = { phase: 'preparing', message: 'Making the environment', since: world.now() }
  await createJob(world, jobRequest('job'))
  const id = await firstTask(world)
  await stop(world)
  await until(() => world.engine.stoppedWithMs(id) === 120_000)
  world.engine.set(id, { phase: 'staging', since: world.now() })
  world.engine.print(id, 'staging')
  await until(async () => (await logOf(world, 'job/algo-1')).some(({ message }) => message === 'staging'))
  world.engine.end(id, { exit: { code: undefined, signal: 'SIGTERM' } })
  const job = await jobStatus(world, 'Stopped')
  expect(statuses(job)).toEqual(['Starting', 'Stopping', 'Stopped'])
  expect(job).not.toHaveProperty('TrainingStartTime')
  expect(job).not.toHaveProperty('BillableTimeInSeconds')
})

test('a job that was stopped before it was seen to run stores what it made', async () => {
  const world = await begin()
  await using archives = new Archives()
  world.engine.first = { phase: 'preparing', message: 'Making the environment', since: world.now() }
  await createJob(world, jobRequest('job'))
  const id = await firstTask(world)
  await stop(world)
  await until(() => world.engine.stoppedWithMs(id) === 120_000)
  world.engine.run(id)
  world.pass(3)
  world.engine.end(id, { outputs: [await archives.output('model.tar.gz', 'quickly made')] })
  const job = await jobStatus(world, 'Stopped')
  expect(statuses(job)).toEqual(['Starting', 'Stopping', 'Uploading', 'Stopped'])
  expect(job.BillableTimeInSeconds).toBe(3)
  expect(Buffer.from(world.objects.get('s3://out/job/output/model.tar.gz') ?? []).toString()).toBe('quickly made')
})

test('a job that exceeds its time is stopped, its model stored, and says MaxRuntimeExceeded', async () => {
  const world = await begin()
  await using archives = new Archives()
  await createJob(world, jobRequest('job', { StoppingCondition: { MaxRuntimeInSeconds: 10 } }))
  const id = await firstTask(world)
  world.engine.run(id)
  await jobStatus(world, 'Training')
  world.pass(9)
  expect(world.engine.stoppedWithMs(id)).toBeUndefined()
  world.pass(1)
  await until(() => world.engine.stoppedWithMs(id) === 120_000)
  world.engine.end(id, {
    exit: { code: undefined, signal: 'SIGTERM', stopped: true },
    outputs: [await archives.output('model.tar.gz', 'late')],
  })
  const job = await jobStatus(world, 'Stopped')
  expect(job.SecondaryStatus).toBe('MaxRuntimeExceeded')
  expect(statuses(job)).toEqual(['Starting', 'Downloading', 'Training', 'Uploading', 'MaxRuntimeExceeded'])
  expect(world.objects.get('s3://out/job/output/model.tar.gz')).toBeDefined()
})

test('one host that fails stops the others, and its failure is the job’s', async () => {
  const world = await begin()
  await createJob(
    world,
    jobRequest('job', { ResourceConfig: { InstanceType: 'ml.m5.large', InstanceCount: 3, VolumeSizeInGB: 1 } }),
  )
  const [one = '', two = '', three = ''] = await taskIds(world, 3)
  for (const id of [one, two, three]) world.engine.run(id)
  await jobStatus(world, 'Training')
  world.engine.print(two, 'RuntimeError: on the second')
  world.engine.end(two, { exit: { code: 7 } })
  await until(() => world.engine.stoppedWithMs(one) === 120_000)
  await until(() => world.engine.stoppedWithMs(three) === 120_000)
  world.engine.end(one, { exit: { code: undefined, signal: 'SIGTERM' } })
  world.engine.end(three, { exit: { code: undefined, signal: 'SIGTERM' } })
  expect((await jobStatus(world, 'Failed')).FailureReason).toBe(
    'AlgorithmError: RuntimeError: on the second, exit code: 7',
  )
})

test('nothing of a job is left in the folder of its archives or in the engine', async () => {
  const world = await begin()
  await using archives = new Archives()
  await createJob(world, jobRequest('job'))
  const output = await archives.output('model.tar.gz', 'the model')
  world.engine.end(await firstTask(world), { outputs: [output] })
  await jobStatus(world, 'Completed')
  await until(() => world.engine.tasks.size === 0)
  expect(await readdir(dirname(output.file))).toEqual([])
})

test('a task that prints faster than lines can be stored can be stopped', async () => {
  const world = await begin()
  await createJob(world, jobRequest('job'))
  const id = await firstTask(world)
  world.engine.run(id)
  let printing = true
  const logs = world.engine.logs.bind(world.engine)
  world.engine.logs = (of, cursor) => {
    if (printing) world.engine.print(of, 'and on')
    return logs(of, cursor)
  }
  world.engine.print(id, 'on')
  await jobStatus(world, 'Training')
  await world.service.operations.StopTrainingJob.handle({ TrainingJobName: 'job' }, world.context())
  await until(() => world.engine.stoppedWithMs(id) === 120_000)
  printing = false
  world.engine.end(id, { exit: { code: 143 } })
  await jobStatus(world, 'Stopped')
  const lines = await logOf(world, 'job/algo-1')
  await until(() => world.engine.tasks.size === 0)
  expect(lines.at(-1)?.message).toBe('and on')
})

test('a role that is gone by the time of the start fails the job instead of trying for ever', async () => {
  const world = await begin()
  world.credentials = () => Promise.reject(new ApiError('NoSuchEntity', 'The role SageMakerRole cannot be found.'))
  await createJob(world, jobRequest('job'))
  expect((await jobStatus(world, 'Failed')).FailureReason).toBe('ClientError: The role SageMakerRole cannot be found.')
  expect(world.engine.started).toEqual([])
})
