import { expect, test } from 'vitest'
import { createJob, jobRequest } from '../testing/jobs.ts'
import { caller, IMAGE, World } from '../testing/world.ts'

const ARN = 'arn:aws:sagemaker:us-east-1:123456789012'

async function populated(): Promise<World> {
  const world = new World()
  world.objects.put('s3://data/iris/train.csv', '1,2')
  const ctx = world.context()
  const { operations } = world.service
  const Tags = [{ Key: 'team', Value: 'a' }]
  await createJob(world, jobRequest('x', { Tags }))
  await operations.CreateModel.handle({ ModelName: 'x', PrimaryContainer: { Image: IMAGE }, Tags }, ctx)
  const ProductionVariants = [
    { VariantName: 'v', ModelName: 'x', InstanceType: 'ml.t2.medium' as const, InitialInstanceCount: 1 },
  ]
  await operations.CreateEndpointConfig.handle({ EndpointConfigName: 'x', ProductionVariants, Tags }, ctx)
  await operations.CreateEndpoint.handle({ EndpointName: 'x', EndpointConfigName: 'x', Tags }, ctx)
  return world
}

test.each(['training-job', 'model', 'endpoint-config', 'endpoint'])('the tags of a %s', async (kind) => {
  const world = await populated()
  const ctx = world.context()
  const { AddTags, DeleteTags, ListTags } = world.service.operations
  const ResourceArn = `${ARN}:${kind}/x`
  expect(await ListTags.handle({ ResourceArn }, ctx)).toEqual({ Tags: [{ Key: 'team', Value: 'a' }] })
  const added = await AddTags.handle(
    {
      ResourceArn,
      Tags: [
        { Key: 'team', Value: 'b' },
        { Key: 'cost', Value: '1' },
      ],
    },
    ctx,
  )
  expect(added.Tags).toEqual([
    { Key: 'team', Value: 'b' },
    { Key: 'cost', Value: '1' },
  ])
  await DeleteTags.handle({ ResourceArn, TagKeys: ['team', 'absent'] }, ctx)
  expect((await ListTags.handle({ ResourceArn }, ctx)).Tags).toEqual([{ Key: 'cost', Value: '1' }])
})

test('fifty tags, over pages, and not one more', async () => {
  const world = await populated()
  const ctx = world.context()
  const { AddTags, ListTags } = world.service.operations
  const ResourceArn = `${ARN}:model/x`
  const Tags = Array.from({ length: 49 }, (_, i) => ({ Key: `k${i}`, Value: '' }))
  await AddTags.handle({ ResourceArn, Tags }, ctx)
  const first = await ListTags.handle({ ResourceArn, MaxResults: 30 }, ctx)
  const second = await ListTags.handle(
    { ResourceArn, MaxResults: 30, ...(first.NextToken ? { NextToken: first.NextToken } : {}) },
    ctx,
  )
  expect([first.Tags?.length, second.Tags?.length, second.NextToken]).toEqual([30, 20, undefined])
  await expect(
    (async () => AddTags.handle({ ResourceArn, Tags: [{ Key: 'more', Value: '' }] }, ctx))(),
  ).rejects.toMatchObject({
    name: 'ResourceLimitExceeded',
  })
})

test('ARNs that are not ours, or of another account, or of nothing', async () => {
  const world = await populated()
  const { ListTags } = world.service.operations
  const list = async (ResourceArn: string, more = {}) => ListTags.handle({ ResourceArn }, world.context(more))
  await expect(list('arn:aws:s3:::bucket')).rejects.toThrow(/^Could not find a resource with the ARN/)
  await expect(list(`${ARN}:notebook-instance/x`)).rejects.toThrow(/^Could not find a resource with the ARN/)
  await expect(list(`${ARN}:model/none`)).rejects.toThrow(`Could not find model "${ARN}:model/none".`)
  await expect(list(`${ARN}:model/x`, { caller: { ...caller, account: '210987654321' } })).rejects.toThrow(
    /^Could not find a resource with the ARN/,
  )
  await expect(list(`${ARN}:model/x`, { caller: { ...caller, region: 'eu-west-1' } })).rejects.toThrow(
    /^Could not find a resource with the ARN/,
  )
})

test('keys that AWS keeps for itself are refused', async () => {
  const world = await populated()
  const { AddTags, ListTags } = world.service.operations
  const ResourceArn = `${ARN}:model/x`
  const Tags = [{ Key: 'AWS:team', Value: 'b' }]
  await expect(AddTags.handle({ ResourceArn, Tags }, world.context())).rejects.toThrow(
    'The tag key "AWS:team" is not allowed: keys that begin with "aws:" are reserved. Name it otherwise.',
  )
  expect((await ListTags.handle({ ResourceArn }, world.context())).Tags).toEqual([{ Key: 'team', Value: 'a' }])
})

test('tags that are added while the job’s reconciler writes are not lost, nor is what it wrote', async () => {
  const world = await populated()
  await world.service.start()
  const ctx = world.context()
  const { AddTags, ListTags, DescribeTrainingJob } = world.service.operations
  const ResourceArn = `${ARN}:training-job/x`
  await expect.poll(() => world.engine.started.length, { interval: 1 }).toBeGreaterThan(0)
  const job = world.engine.started.find(({ labels }) => labels.kind === 'training-job')
  const adding = Array.from({ length: 30 }, (_, i) =>
    AddTags.handle({ ResourceArn, Tags: [{ Key: `k${i}`, Value: '' }] }, ctx),
  )
  world.engine.end(job?.id ?? '')
  await Promise.all(adding)
  await expect
    .poll(async () => (await DescribeTrainingJob.handle({ TrainingJobName: 'x' }, ctx)).TrainingJobStatus, {
      interval: 1,
    })
    .toBe('Completed')
  expect((await ListTags.handle({ ResourceArn }, ctx)).Tags).toHaveLength(31)
  await world.service.close()
})
