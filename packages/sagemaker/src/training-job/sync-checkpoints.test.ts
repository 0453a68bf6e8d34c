import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createJob, firstTask, jobRequest, jobStatus } from '../testing/jobs.ts'
import { until, World } from '../testing/world.ts'

async function running(): Promise<{ world: World; id: string; write(name: string, text: string): void }> {
  const world = new World({ checkpointSyncMs: 20 })
  onTestFinished(async () => {
    await world.service.close()
    await world.engine.dispose()
    expect(world.errors).toEqual([])
  })
  await world.service.start()
  world.objects.put('s3://data/iris/train.csv', '1,2')
  await createJob(world, jobRequest('job', { CheckpointConfig: { S3Uri: 's3://ckpt/run' } }))
  const id = await firstTask(world)
  world.engine.run(id)
  const write = (name: string, text: string) => {
    const path = join(world.engine.folder(id), '/opt/ml/checkpoints', name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
  }
  return { world, id, write }
}

const text = (world: World, name: string) => {
  const bytes = world.objects.get(`s3://ckpt/run/${name}`)
  return bytes && Buffer.from(bytes).toString()
}

test('a checkpoint is in S3 while its job runs, and again where it changes', async () => {
  const { world, id, write } = await running()
  write('epoch-1/weights', 'one')
  await until(() => text(world, 'epoch-1/weights') === 'one')
  write('epoch-2/weights', 'two')
  await until(() => text(world, 'epoch-2/weights') === 'two')
  write('epoch-1/weights', 'eno')
  await until(() => text(world, 'epoch-1/weights') === 'eno')
  // What stays as it is is not stored again: a later change is, and nothing beside it.
  const before = world.objects.puts
  write('epoch-3', 'three')
  await until(() => text(world, 'epoch-3') === 'three')
  expect(world.objects.puts).toBe(before + 1)
  expect((await world.engine.observe(id)).phase).toBe('running')
  world.engine.end(id)
  await jobStatus(world, 'Completed')
})

test('the next server goes on', async () => {
  const { world, id, write } = await running()
  write('weights', 'first')
  await until(() => text(world, 'weights') === 'first')
  await world.restart()
  write('weights', 'second')
  await until(() => text(world, 'weights') === 'second')
  world.engine.end(id)
  await jobStatus(world, 'Completed')
})

test('the end of a job does not wait for an archive that is being made, which then changes nothing', async () => {
  const { world, id, write } = await running()
  const { promise: asked, resolve: ask } = Promise.withResolvers<void>()
  const { promise: released, resolve: release } = Promise.withResolvers<void>()
  const snapshot = world.engine.snapshot.bind(world.engine)
  let slow: ReturnType<typeof snapshot> = Promise.resolve(undefined)
  world.engine.snapshot = async (...of) => {
    const taken = await snapshot(...of)
    if (!taken) return undefined
    ask()
    await released
    slow = Promise.resolve(taken)
    return taken
  }
  write('weights', 'old')
  await asked
  world.engine.end(id)
  await jobStatus(world, 'Completed')
  world.objects.put('s3://ckpt/run/weights', 'of the end')
  release()
  await until(async () => (await slow) !== undefined)
  await world.service.close()
  expect(text(world, 'weights')).toBe('of the end')
})
