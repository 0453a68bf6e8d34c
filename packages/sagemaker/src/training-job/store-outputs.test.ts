import { execFileSync } from 'node:child_process'
import { linkSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { Archives, createJob, firstTask, jobRequest, jobStatus, taskIds } from '../testing/jobs.ts'
import { caller, World } from '../testing/world.ts'

function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'sagemaker-test-'))
  onTestFinished(() => rmSync(path, { recursive: true }))
  return path
}

/** A .tar.gz as the system's tar writes it. */
function tar(files: Readonly<Record<string, string>>, format: 'gnu' | 'pax' | 'ustar' = 'gnu'): Buffer {
  const root = folder()
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true })
    writeFileSync(join(root, name), content)
  }
  return execFileSync('tar', ['-C', root, '--format', format, '-czf', '-', '.'])
}

async function begin(): Promise<World> {
  const world = new World()
  onTestFinished(async () => {
    await world.service.close()
    expect(world.errors).toEqual([])
  })
  await world.service.start()
  world.objects.put('s3://data/iris/train.csv', '1,2')
  return world
}

const text = (world: World, uri: string) => Buffer.from(world.objects.get(uri) ?? []).toString()

test('what several hosts left is joined into one archive', async () => {
  const world = await begin()
  await using archives = new Archives()
  await createJob(
    world,
    jobRequest('job', { ResourceConfig: { InstanceType: 'ml.m5.large', InstanceCount: 2, VolumeSizeInGB: 1 } }),
  )
  const [one = '', two = ''] = await taskIds(world, 2)
  const big = 'x'.repeat(100_000)
  world.engine.end(one, { outputs: [await archives.output('model.tar.gz', tar({ 'a.txt': 'first', big }))] })
  world.engine.end(two, { outputs: [await archives.output('model.tar.gz', tar({ 'deep/b.txt': 'second' }))] })
  await jobStatus(world, 'Completed')
  const root = folder()
  execFileSync('tar', ['-C', root, '-xzf', '-'], { input: world.objects.get('s3://out/job/output/model.tar.gz') })
  expect(readFileSync(join(root, 'a.txt'), 'utf8')).toBe('first')
  expect(readFileSync(join(root, 'big'), 'utf8')).toBe(big)
  expect(readFileSync(join(root, 'deep/b.txt'), 'utf8')).toBe('second')
})

test('a job of a name that another had puts its model in the place of the other one’s', async () => {
  const world = await begin()
  await using archives = new Archives()
  world.objects.put('s3://out/job/output/model.tar.gz', 'the former job’s')
  world.objects.put('s3://out/job/output/output.tar.gz', 'the former job’s')
  await createJob(world, jobRequest('job'))
  world.engine.end(await firstTask(world), {
    outputs: [
      await archives.output('model.tar.gz', 'this job’s model'),
      await archives.output('output.tar.gz', 'this job’s output'),
    ],
  })
  await jobStatus(world, 'Completed')
  expect(text(world, 's3://out/job/output/model.tar.gz')).toBe('this job’s model')
  expect(text(world, 's3://out/job/output/output.tar.gz')).toBe('this job’s output')
})

const LONG = `${'folder/'.repeat(20)}${'n'.repeat(120)}`

test.each(['gnu', 'pax', 'ustar'] as const)('uncompressed output is stored file by file (%s)', async (format) => {
  const world = await begin()
  await using archives = new Archives()
  await createJob(world, jobRequest('job', { OutputDataConfig: { S3OutputPath: 's3://out', CompressionType: 'NONE' } }))
  const long = format === 'ustar' ? 'folder/'.repeat(20).concat('n') : LONG
  world.engine.end(await firstTask(world), {
    outputs: [
      await archives.output(
        'model.tar.gz',
        tar({ 'model.bin': 'weights', empty: '', 'ünï/ö': 'utf8', [long]: 'long' }, format),
      ),
      await archives.output('output.tar.gz', tar({ 'plot.csv': '1' }, format)),
    ],
  })
  const job = await jobStatus(world, 'Completed')
  expect(job.ModelArtifacts).toEqual({ S3ModelArtifacts: 's3://out/job/output/model/' })
  expect(text(world, 's3://out/job/output/model/model.bin')).toBe('weights')
  expect(world.objects.get('s3://out/job/output/model/empty')).toHaveLength(0)
  expect(text(world, 's3://out/job/output/model/ünï/ö')).toBe('utf8')
  expect(text(world, `s3://out/job/output/model/${long}`)).toBe('long')
  expect(text(world, 's3://out/job/output/data/plot.csv')).toBe('1')
  expect(world.objects.get('s3://out/job/output/model.tar.gz')).toBeUndefined()
})

test('a file that a killed try left, an object by now, is not written over', async () => {
  const world = await begin()
  await using archives = new Archives()
  await createJob(world, jobRequest('job', { OutputDataConfig: { S3OutputPath: 's3://out', CompressionType: 'NONE' } }))
  const output = await archives.output('model.tar.gz', tar({ 'model.bin': 'weights' }))
  const object = join(folder(), 'object')
  writeFileSync(object, 'acknowledged')
  linkSync(object, `${output.file}.single`)
  world.engine.end(await firstTask(world), { outputs: [output] })
  await jobStatus(world, 'Completed')
  expect(text(world, 's3://out/job/output/model/model.bin')).toBe('weights')
  expect(readFileSync(object, 'utf8')).toBe('acknowledged')
})

test('checkpoints are stored file by file, also of a job that fails', async () => {
  const world = await begin()
  await using archives = new Archives()
  await createJob(world, jobRequest('job', { CheckpointConfig: { S3Uri: 's3://ckpt/run' } }))
  world.engine.end(await firstTask(world), {
    exit: { code: 1 },
    outputs: [await archives.output('checkpoints.tar.gz', tar({ 'epoch-1.pt': 'one', 'sub/epoch-2.pt': 'two' }))],
  })
  await jobStatus(world, 'Failed')
  expect(text(world, 's3://ckpt/run/epoch-1.pt')).toBe('one')
  expect(text(world, 's3://ckpt/run/sub/epoch-2.pt')).toBe('two')
  expect(await world.objects.has(caller, { kind: 'prefix', uri: 's3://out/job' })).toBe(false)
})
