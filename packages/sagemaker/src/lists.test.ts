import type { Operation, RequestContext } from '@sagebrush/core'
import { expect, test } from 'vitest'
import type { SageMakerContext } from './context.ts'
import { createJob, firstTask, jobRequest, jobStatus } from './testing/jobs.ts'
import { caller, IMAGE, World } from './testing/world.ts'

/** All names of a listing, page by page. */
async function names<Input extends { NextToken?: string; MaxResults?: number }>(
  list: Operation<Input, { NextToken?: string } & object, SageMakerContext>,
  input: Input,
  ctx: SageMakerContext,
): Promise<string[]> {
  const found: string[] = []
  for (let token: string | undefined; ; ) {
    const page = await list.handle({ ...input, ...(token === undefined ? {} : { NextToken: token }) }, ctx)
    const rows = Object.values(page).find((value) => Array.isArray(value)) as readonly object[]
    if (input.MaxResults !== undefined) expect(rows.length).toBeLessThanOrEqual(input.MaxResults)
    found.push(...rows.map((row) => String(Object.entries(row).find(([key]) => key.endsWith('Name'))?.[1])))
    token = page.NextToken
    if (token === undefined) return found
  }
}

const NAMES = ['delta', 'alpha', 'echo', 'bravo', 'charlie', 'alpine']
const start = Date.parse('2026-03-01T12:00:00Z')
const at = (index: number) => new Date(start + index * 60_000)

/** Six of each, a minute apart, in the order of NAMES. */
async function populated(): Promise<World> {
  const world = new World()
  world.objects.put('s3://data/iris/train.csv', '1,2')
  const { operations } = world.service
  for (const name of NAMES) {
    const ctx = world.context()
    await createJob(world, jobRequest(name))
    await operations.CreateModel.handle({ ModelName: name, PrimaryContainer: { Image: IMAGE } }, ctx)
    await operations.CreateEndpointConfig.handle(
      {
        EndpointConfigName: name,
        ProductionVariants: [
          { VariantName: 'v', ModelName: name, InstanceType: 'ml.t2.medium', InitialInstanceCount: 1 },
        ],
      },
      ctx,
    )
    await operations.CreateEndpoint.handle({ EndpointName: name, EndpointConfigName: name }, ctx)
    world.pass(60)
  }
  return world
}

const sorted = [...NAMES].sort()
const backwards = [...NAMES].reverse()

test('every list sorts by name and by time, both ways, over pages of any size', async () => {
  const world = await populated()
  const { ListTrainingJobs, ListModels, ListEndpointConfigs, ListEndpoints } = world.service.operations
  const ctx = world.context()
  for (const MaxResults of [1, 2, 6, 100]) {
    expect(await names(ListTrainingJobs, { MaxResults }, ctx)).toEqual(NAMES)
    expect(await names(ListModels, { MaxResults }, ctx)).toEqual(backwards)
    expect(await names(ListEndpointConfigs, { MaxResults }, ctx)).toEqual(backwards)
    expect(await names(ListEndpoints, { MaxResults }, ctx)).toEqual(backwards)
    for (const list of [ListTrainingJobs, ListModels, ListEndpointConfigs, ListEndpoints]) {
      const by = (input: object) => names(list, { MaxResults, ...input }, ctx)
      expect(await by({ SortBy: 'Name', SortOrder: 'Ascending' })).toEqual(sorted)
      expect(await by({ SortBy: 'Name', SortOrder: 'Descending' })).toEqual([...sorted].reverse())
      expect(await by({ SortBy: 'CreationTime', SortOrder: 'Ascending' })).toEqual(NAMES)
      expect(await by({ SortBy: 'CreationTime', SortOrder: 'Descending' })).toEqual(backwards)
    }
  }
})

test('every list filters by name and time, alone and together', async () => {
  const world = await populated()
  const { ListTrainingJobs, ListModels, ListEndpointConfigs, ListEndpoints } = world.service.operations
  const ctx = world.context()
  for (const list of [ListTrainingJobs, ListModels, ListEndpointConfigs, ListEndpoints]) {
    const by = (input: object) =>
      names(list, { MaxResults: 2, SortBy: 'CreationTime', SortOrder: 'Ascending', ...input }, ctx)
    expect(await by({ NameContains: 'alp' })).toEqual(['alpha', 'alpine'])
    expect(await by({ NameContains: 'nothing' })).toEqual([])
    expect(await by({ CreationTimeBefore: at(2) })).toEqual(['delta', 'alpha'])
    // AWS documents "after" for jobs and "greater than or equal" for the others.
    const after = list === ListTrainingJobs ? ['bravo', 'charlie', 'alpine'] : ['echo', 'bravo', 'charlie', 'alpine']
    expect(await by({ CreationTimeAfter: at(2) })).toEqual(after)
    expect(await by({ CreationTimeAfter: at(1), CreationTimeBefore: at(3), NameContains: 'e' })).toEqual(['echo'])
  }
  const lists = [
    (input: object) => names(ListTrainingJobs, { MaxResults: 4, SortBy: 'Name', ...input }, ctx),
    (input: object) => names(ListEndpoints, { MaxResults: 4, SortBy: 'Name', ...input }, ctx),
  ]
  for (const by of lists) {
    expect((await by({ LastModifiedTimeAfter: at(3) })).sort()).toEqual(['alpine', 'charlie'])
    expect((await by({ LastModifiedTimeBefore: at(1) })).sort()).toEqual(['delta'])
  }
})

test('jobs and endpoints are listed by status', async () => {
  const world = await populated()
  await world.service.start()
  const ctx = world.context()
  const { ListTrainingJobs, ListEndpoints } = world.service.operations
  const id = await firstTask(world)
  const job = [...world.engine.tasks.values()].find(({ spec }) => spec.labels.kind === 'training-job')
  const name = job?.spec.environment.TRAINING_JOB_NAME ?? ''
  world.engine.end(job?.spec.id ?? id)
  await jobStatus(world, 'Completed', name)
  expect(await names(ListTrainingJobs, { StatusEquals: 'Completed' }, ctx)).toEqual([name])
  expect(await names(ListTrainingJobs, { StatusEquals: 'Failed' }, ctx)).toEqual([])
  const byStatus = await names(ListTrainingJobs, { SortBy: 'Status', SortOrder: 'Ascending', MaxResults: 2 }, ctx)
  expect(byStatus).toEqual([name, ...sorted.filter((other) => other !== name)])
  expect(
    await names(ListEndpoints, { StatusEquals: 'Creating', SortBy: 'Status', SortOrder: 'Ascending' }, ctx),
  ).toEqual(sorted)
  expect(await names(ListEndpoints, { StatusEquals: 'InService' }, ctx)).toEqual([])
  await world.service.close()
})

test('a page has ten rows unless asked, and a token of another query is refused', async () => {
  const world = new World()
  const ctx = world.context()
  const { CreateModel, ListModels } = world.service.operations
  for (let i = 0; i < 12; i++) await CreateModel.handle({ ModelName: `m${i}`, PrimaryContainer: { Image: IMAGE } }, ctx)
  const page = await ListModels.handle({}, ctx)
  expect(page.Models).toHaveLength(10)
  await expect(
    (async () =>
      ListModels.handle({ SortBy: 'Name', ...(page.NextToken ? { NextToken: page.NextToken } : {}) }, ctx))(),
  ).rejects.toThrow(/^Invalid NextToken/)
})

test('another account and another region with the same names see nothing of it', async () => {
  const world = await populated()
  const { operations } = world.service
  const others: Partial<RequestContext>[] = [
    { caller: { ...caller, account: '210987654321' } },
    { caller: { ...caller, region: 'eu-west-1' } },
  ]
  for (const other of others) {
    const ctx = world.context(other)
    expect((await operations.ListTrainingJobs.handle({}, ctx)).TrainingJobSummaries).toEqual([])
    expect((await operations.ListModels.handle({}, ctx)).Models).toEqual([])
    expect((await operations.ListEndpointConfigs.handle({}, ctx)).EndpointConfigs).toEqual([])
    expect((await operations.ListEndpoints.handle({}, ctx)).Endpoints).toEqual([])
    await expect(
      (async () => operations.DescribeTrainingJob.handle({ TrainingJobName: 'delta' }, ctx))(),
    ).rejects.toThrow()
    await operations.CreateModel.handle({ ModelName: 'delta', PrimaryContainer: { Image: IMAGE } }, ctx)
  }
})
