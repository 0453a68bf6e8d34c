import { afterEach, expect, test } from 'vitest'
import { Archives, createJob, describeJob, firstTask, jobRequest, jobStatus, logOf, statuses } from '../testing/jobs.ts'
import { until, World } from '../testing/world.ts'

const worlds: World[] = []

afterEach(async () => {
  for (const world of worlds.splice(0)) await world.service.close()
})

/**
 * A world whose calls into one port fail from the n-th on, as if the server had been killed right before it: what
 * was done is done, what comes after is for the next server.
 */
function dying(world: World, after: number): { readonly calls: () => number; revive(): void } {
  let calls = 0
  let alive = true
  const guard = <T extends object>(target: T, names: readonly (keyof T)[]) => {
    for (const name of names) {
      const original = target[name]
      if (typeof original !== 'function') throw new Error(String(name))
      Object.assign(target, {
        [name]: (...args: unknown[]) => {
          if (alive && calls++ >= after) return Promise.reject(new Error('killed'))
          return original.apply(target, args)
        },
      })
    }
  }
  guard(world.engine, ['start', 'observe', 'logs', 'remove', 'stop'])
  guard(world.objects, ['putFile'])
  guard(world.logs, ['append', 'createGroup', 'createStream', 'sourceCursor'])
  return { calls: () => calls, revive: () => (alive = false) }
}

/** Drives the job of one server to its end, or to where that server dies. */
async function drive(world: World, archives: Archives, patient: boolean): Promise<void> {
  await createJob(world, jobRequest('job'))
  const id = await Promise.race([firstTask(world), stalled(world)])
  if (id === undefined) return
  world.engine.run(id)
  world.engine.print(id, 'one', 'two', 'three')
  if (patient) await Promise.race([jobStatus(world, 'Training'), stalled(world)])
  world.engine.print(id, 'four', 'five')
  world.engine.end(id, { outputs: [await archives.output('model.tar.gz', 'the model')] })
  await Promise.race([jobStatus(world, 'Completed'), stalled(world)])
}

async function stalled(world: World): Promise<undefined> {
  await until(() => world.errors.length > 0)
  return undefined
}

test('the server may be killed before any of its calls: the next one ends the job, each line and artifact once', async () => {
  let most = 0
  for (let after = 0; ; after++) {
    await using archives = new Archives()
    const world = new World()
    worlds.push(world)
    world.objects.put('s3://data/iris/train.csv', '1,2')
    const death = dying(world, after)
    await world.service.start()
    await drive(world, archives, after % 2 === 0)
    most = death.calls()
    const died = world.errors.length > 0
    death.revive()
    await world.restart()
    const id = await until(async () => {
      const seen = await describeJob(world)
      return seen.TrainingJobStatus === 'Completed' ? 'over' : world.engine.started[0]?.id
    })
    if (id !== 'over' && world.engine.tasks.get(id)?.state.phase === 'staging') {
      world.engine.run(id)
      world.engine.print(id, 'one', 'two', 'three', 'four', 'five')
      world.engine.end(id, { outputs: [await archives.output('model.tar.gz', 'the model')] })
    }
    const job = await jobStatus(world, 'Completed')
    expect(statuses(job)).toEqual(['Starting', 'Downloading', 'Training', 'Uploading', 'Completed'])
    const lines = (await logOf(world, 'job/algo-1')).map(({ message }) => message)
    expect(lines.slice(2), `killed before call ${after}`).toEqual(['one', 'two', 'three', 'four', 'five'])
    expect(world.engine.started).toHaveLength(1)
    expect(world.objects.puts).toBe(1)
    expect(Buffer.from(world.objects.get('s3://out/job/output/model.tar.gz') ?? []).toString()).toBe('the model')
    await until(() => world.engine.tasks.size === 0)
    await world.service.close()
    if (!died) break
  }
  expect(most).toBeGreaterThan(12)
})

test('a task whose job was deleted before the server could remove it is removed by the next server', async () => {
  const world = new World()
  worlds.push(world)
  await world.service.start()
  world.objects.put('s3://data/iris/train.csv', '1,2')
  const { remove } = world.engine
  world.engine.remove = () => Promise.reject(new Error('killed'))
  await createJob(world, jobRequest('job'))
  world.engine.end(await firstTask(world))
  await jobStatus(world, 'Completed')
  await world.service.operations.DeleteTrainingJob.handle({ TrainingJobName: 'job' }, world.context())
  expect(world.engine.tasks.size).toBe(1)
  world.engine.remove = remove
  await world.restart()
  expect(world.engine.tasks.size).toBe(0)
})
