import type { CreateTrainingJobRequest } from '@sagebrush/contract/sagemaker'
import type { TaskSpec } from '@sagebrush/core'
import { expect, test } from 'vitest'
import { channel, jobRequest } from '../testing/jobs.ts'
import { caller, IMAGE } from '../testing/world.ts'
import { newTrainingJob } from './training-job.ts'
import { trainingTask } from './training-task.ts'

function tasks(more: Partial<CreateTrainingJobRequest>, restoreCheckpoints = false): TaskSpec[] {
  const image = { kind: 'managed', name: 'scikit-learn', version: '1.2', reason: '' } as const
  const job = newTrainingJob(caller, jobRequest('job', more), new Date(), { image, roleCreated: false })
  const given = { serverEnvironment: { AWS_REGION: 'other', A: '1' }, networkInterfaceName: 'lo', restoreCheckpoints }
  return job.hosts.map((host) => trainingTask(caller, job, host, given))
}

function file(task: TaskSpec | undefined, name: string): unknown {
  return JSON.parse(task?.files.find(({ path }) => path === `/opt/ml/input/config/${name}`)?.content ?? 'null')
}

test('the three files of /opt/ml/input/config', () => {
  const [task] = tasks({
    HyperParameters: { degree: '2', list: '[1, 2]', flag: 'true' },
    InputDataConfig: [
      { ...channel('train', 's3://data/iris'), ContentType: 'text/csv' },
      { ...channel('test', 's3://data/test'), InputMode: 'FastFile' },
    ],
  })
  expect(file(task, 'hyperparameters.json')).toEqual({ degree: '2', list: '[1, 2]', flag: 'true' })
  expect(file(task, 'inputdataconfig.json')).toEqual({
    train: {
      ContentType: 'text/csv',
      TrainingInputMode: 'File',
      S3DistributionType: 'FullyReplicated',
      RecordWrapperType: 'None',
    },
    test: { TrainingInputMode: 'File', S3DistributionType: 'FullyReplicated', RecordWrapperType: 'None' },
  })
  expect(file(task, 'resourceconfig.json')).toEqual({
    current_host: 'algo-1',
    current_instance_type: 'ml.m5.large',
    current_group_name: 'homogeneousCluster',
    hosts: ['algo-1'],
    instance_groups: [{ instance_group_name: 'homogeneousCluster', instance_type: 'ml.m5.large', hosts: ['algo-1'] }],
    network_interface_name: 'lo',
  })
})

test('several hosts in groups share a channel by key, and one group gets a channel of its own', () => {
  const group = (InstanceGroupName: string, InstanceCount: number, InstanceType: 'ml.m5.large' | 'ml.m5.xlarge') => ({
    InstanceGroupName,
    InstanceCount,
    InstanceType,
  })
  const sharded = {
    ChannelName: 'train',
    DataSource: {
      S3DataSource: {
        S3DataType: 'S3Prefix' as const,
        S3Uri: 's3://data/iris',
        S3DataDistributionType: 'ShardedByS3Key' as const,
      },
    },
  }
  const only = {
    ChannelName: 'only',
    DataSource: {
      S3DataSource: { S3DataType: 'ManifestFile' as const, S3Uri: 's3://data/m', InstanceGroupNames: ['b'] },
    },
  }
  const all = tasks({
    HyperParameters: {},
    ResourceConfig: { InstanceGroups: [group('a', 2, 'ml.m5.large'), group('b', 1, 'ml.m5.xlarge')] },
    InputDataConfig: [sharded, only],
  })
  const train = (index: number) => ({
    kind: 'objects',
    path: '/opt/ml/input/data/train',
    channel: 'train',
    source: { kind: 'prefix', uri: 's3://data/iris', share: { index, of: 3 } },
  })
  expect(all.map(({ inputs }) => inputs)).toEqual([
    [train(0)],
    [train(1)],
    [
      train(2),
      {
        kind: 'objects',
        path: '/opt/ml/input/data/only',
        channel: 'only',
        source: { kind: 'manifest', uri: 's3://data/m' },
      },
    ],
  ])
  expect(file(all[2], 'resourceconfig.json')).toMatchObject({
    current_host: 'algo-3',
    current_instance_type: 'ml.m5.xlarge',
    current_group_name: 'b',
    hosts: ['algo-1', 'algo-2', 'algo-3'],
    instance_groups: [
      { instance_group_name: 'a', instance_type: 'ml.m5.large', hosts: ['algo-1', 'algo-2'] },
      { instance_group_name: 'b', instance_type: 'ml.m5.xlarge', hosts: ['algo-3'] },
    ],
  })
  expect(new Set(all.map(({ group: name }) => name)).size).toBe(1)
  expect(all.map(({ host, hosts }) => [host, hosts.length])).toEqual([
    ['algo-1', 3],
    ['algo-2', 3],
    ['algo-3', 3],
  ])
})

test('the environment: the request’s own over the installation’s, AWS’s over both', () => {
  const [task] = tasks({ Environment: { A: '2', MINE: 'x', TRAINING_JOB_NAME: 'forged' } })
  expect(task?.environment).toEqual({
    A: '2',
    MINE: 'x',
    AWS_REGION: 'us-east-1',
    TRAINING_JOB_NAME: 'job',
    TRAINING_JOB_ARN: 'arn:aws:sagemaker:us-east-1:123456789012:training-job/job',
    SAGEBRUSH_SUBMIT_ARCHIVE: '/opt/ml/input/.sagebrush/code/sourcedir.tar.gz',
  })
  expect(task?.inputs).toContainEqual({
    kind: 'objects',
    path: '/opt/ml/input/.sagebrush/code',
    source: { kind: 'object', uri: 's3://data/code/sourcedir.tar.gz' },
  })
})

test.each([
  [{}, undefined, ['train']],
  [{ ContainerEntrypoint: ['/bin/bash'], ContainerArguments: ['-c', 'x'] }, ['/bin/bash'], ['-c', 'x']],
  [{ ContainerEntrypoint: ['python', 'a.py'] }, ['python', 'a.py'], []],
  [{ ContainerArguments: ['other'] }, undefined, ['other']],
])('the command of %j', (more, entrypoint, command) => {
  const [task] = tasks({ AlgorithmSpecification: { TrainingImage: IMAGE, TrainingInputMode: 'File', ...more } })
  expect(task?.entrypoint).toEqual(entrypoint)
  expect(task?.command).toEqual(command)
})

test('checkpoints are collected, and restored where there are some', () => {
  const CheckpointConfig = { S3Uri: 's3://data/ckpt/', LocalPath: '/opt/ml/mine' }
  const [fresh] = tasks({ CheckpointConfig })
  const [again] = tasks({ CheckpointConfig }, true)
  expect(fresh?.outputs).toContainEqual({ archive: 'checkpoints.tar.gz', path: '/opt/ml/mine', always: false })
  expect(fresh?.inputs.some(({ path }) => path === '/opt/ml/mine')).toBe(false)
  expect(again?.inputs).toContainEqual({
    kind: 'objects',
    path: '/opt/ml/mine',
    source: { kind: 'prefix', uri: 's3://data/ckpt/' },
  })
})
