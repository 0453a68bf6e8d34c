import { expect, onTestFinished, test } from 'vitest'
import { createJob, firstTask, jobRequest, jobStatus } from '../testing/jobs.ts'
import { IMAGE, World } from '../testing/world.ts'

async function metricsOf(lines: readonly string[], definitions: Readonly<Record<string, string>>) {
  const world = new World()
  onTestFinished(() => world.service.close())
  await world.service.start()
  world.objects.put('s3://data/iris/train.csv', '1,2')
  const MetricDefinitions = Object.entries(definitions).map(([Name, Regex]) => ({ Name, Regex }))
  await createJob(
    world,
    jobRequest('job', {
      AlgorithmSpecification: { TrainingImage: IMAGE, TrainingInputMode: 'File', MetricDefinitions },
    }),
  )
  const id = await firstTask(world)
  world.engine.run(id)
  for (const line of lines) {
    world.pass(1)
    world.engine.print(id, line)
  }
  world.engine.end(id)
  return (await jobStatus(world, 'Completed')).FinalMetricDataList
}

test('the last value of each metric, with the time of its line', async () => {
  const start = Date.parse('2026-03-01T12:00:00Z')
  expect(
    await metricsOf(['accuracy=0.5; loss=2', 'accuracy=0.75; loss=1e-3', 'nothing', 'loss=nan'], {
      acc: 'accuracy=(.*?);',
      loss: 'loss=([0-9.e-]+)',
      none: 'absent=(.*)',
      broken: '(?P<x>1)',
    }),
  ).toEqual([
    { MetricName: 'acc', Value: 0.75, Timestamp: new Date(start + 2_000) },
    { MetricName: 'loss', Value: 0.001, Timestamp: new Date(start + 2_000) },
  ])
})

test('an expression that takes for ever costs its own metric, not the job', { timeout: 20_000 }, async () => {
  const began = performance.now()
  const list = await metricsOf([`acc=0.9 ${'a'.repeat(2_000)}!`], { acc: 'acc=([0-9.]+)', evil: '(a+)+$' })
  expect(list).toMatchObject([{ MetricName: 'acc', Value: 0.9 }])
  expect(performance.now() - began).toBeLessThan(8_000)
})
