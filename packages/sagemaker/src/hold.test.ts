import { expect, onTestFinished, test } from 'vitest'
import { createJob, firstTask, jobRequest } from './testing/jobs.ts'
import { World } from './testing/world.ts'

async function running(config = {}): Promise<{ world: World; id: string }> {
  const world = new World({ pollMs: 60_000, ...config })
  onTestFinished(() => world.service.close())
  await world.service.start()
  world.objects.put('s3://data/iris/train.csv', '1,2')
  await createJob(world, jobRequest('job'))
  const id = await firstTask(world)
  world.engine.run(id)
  return { world, id }
}

const describe = async (world: World, more: object) =>
  world.service.operations.DescribeTrainingJob.handle({ TrainingJobName: 'job' }, world.context(more))

test('a waiter’s Describe is answered when the job ends, and not before', async () => {
  const { world, id } = await running()
  let answered = false
  const held = describe(world, { waiter: true }).then((job) => {
    answered = true
    return job
  })
  expect((await describe(world, {})).TrainingJobStatus).toBe('InProgress')
  world.engine.print(id, 'a line changes nothing')
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(answered).toBe(false)
  const ended = performance.now()
  world.engine.end(id)
  expect((await held).TrainingJobStatus).toBe('Completed')
  expect(performance.now() - ended).toBeLessThan(500)
})

test('a waiter’s Describe is answered as it is when the time is up, or when the client goes', async () => {
  const { world } = await running({ holdMs: 100 })
  const asked = performance.now()
  expect((await describe(world, { waiter: true })).TrainingJobStatus).toBe('InProgress')
  expect(performance.now() - asked).toBeGreaterThan(90)
  const patient = await running({ holdMs: 60_000 })
  const client = new AbortController()
  const held = describe(patient.world, { waiter: true, signal: client.signal })
  client.abort()
  expect((await held).TrainingJobStatus).toBe('InProgress')
})
