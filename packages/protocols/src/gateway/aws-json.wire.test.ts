import { CloudWatchLogsClient, GetLogEventsCommand, PutLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs'
import {
  CreateTrainingJobCommand,
  DescribeModelCommand,
  DescribeTrainingJobCommand,
  SageMakerClient,
  StopTrainingJobCommand,
} from '@aws-sdk/client-sagemaker'
import { ApiError } from '@sagebrush/core'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { ToyServer } from '../testing/toy-server.ts'

const toy = new ToyServer()
let client: SageMakerClient
let logs: CloudWatchLogsClient

beforeAll(async () => {
  await toy.start()
  client = new SageMakerClient(toy.client)
  logs = new CloudWatchLogsClient(toy.client)
})
afterAll(async () => {
  client.destroy()
  logs.destroy()
  await toy.stop()
})
beforeEach(() => {
  toy.calls.length = 0
  toy.failures.length = 0
})

describe('aws-json', () => {
  test('a signed call reaches its operation with typed input and the caller', async () => {
    toy.respond = ({ ctx }) => ({
      TrainingJobArn: `arn:aws:sagemaker:${ctx.caller.region}:${ctx.caller.account}:training-job/x`,
    })
    const input = {
      TrainingJobName: 'job-1',
      RoleArn: 'arn:aws:iam::123456789012:role/r',
      AlgorithmSpecification: { TrainingImage: 'img', TrainingInputMode: 'File' as const },
      OutputDataConfig: { S3OutputPath: 's3://bucket/out' },
      ResourceConfig: { InstanceType: 'ml.m5.large' as const, InstanceCount: 1, VolumeSizeInGB: 5 },
      StoppingCondition: { MaxRuntimeInSeconds: 60 },
      HyperParameters: { target: 'x', constructor: 'y' },
    }
    const answer = await client.send(new CreateTrainingJobCommand(input))
    expect(answer.TrainingJobArn).toBe('arn:aws:sagemaker:eu-west-1:123456789012:training-job/x')
    expect(toy.calls[0]?.input).toEqual(input)
    expect(answer.$metadata.requestId).toBe(toy.calls[0]?.ctx.requestId)
    expect(toy.calls[0]?.ctx.caller).toEqual({
      account: '123456789012',
      region: 'eu-west-1',
      accessKeyId: 'AKIDEXAMPLE',
      arn: 'arn:aws:iam::123456789012:user/tester',
      userId: 'AIDAEXAMPLE',
    })
  })

  test('times are epoch seconds; members that the shape does not have stay inside', async () => {
    const CreationTime = new Date('2024-05-06T07:08:09.123Z')
    toy.respond = () => ({
      TrainingJobName: 'j',
      CreationTime,
      Internal: 'not for the client',
      SecondaryStatusTransitions: [{ Status: 'Starting', StartTime: CreationTime, StatusMessage: undefined }],
    })
    const answer = await client.send(new DescribeTrainingJobCommand({ TrainingJobName: 'j' }))
    expect(answer.CreationTime).toEqual(CreationTime)
    expect(answer.SecondaryStatusTransitions).toEqual([{ Status: 'Starting', StartTime: CreationTime }])
    expect(answer).not.toHaveProperty('Internal')
  })

  test('every violation is told at once in the words of AWS', async () => {
    const call = client.send(new CreateTrainingJobCommand({ TrainingJobName: 'a_b' } as never))
    await expect(call).rejects.toMatchObject({
      name: 'ValidationException',
      message: expect.stringMatching(
        /^\d validation errors detected: Value 'a_b' at 'trainingJobName' failed to satisfy constraint: Member must satisfy regular expression pattern: .*; Value null at 'roleArn' failed to satisfy constraint: Member must not be null/,
      ),
    })
  })

  test('modelled errors pass, others become InternalFailure without detail', async () => {
    toy.respond = () => {
      throw new ApiError('ValidationException', 'Could not find model "m".')
    }
    await expect(client.send(new DescribeModelCommand({ ModelName: 'm' }))).rejects.toMatchObject({
      name: 'ValidationException',
      message: 'Could not find model "m".',
      $metadata: { httpStatusCode: 400 },
    })
    expect(toy.failures).toHaveLength(0)
    toy.respond = () => {
      throw new Error('a secret path')
    }
    const call = client.send(new StopTrainingJobCommand({ TrainingJobName: 'x' }))
    await expect(call).rejects.toMatchObject({ name: 'InternalFailure', $metadata: { httpStatusCode: 500 } })
    await expect(call).rejects.not.toThrow(/secret/)
    expect(toy.failures).toMatchObject([
      { service: 'sagemaker', operation: 'StopTrainingJob', requestId: toy.calls[1]?.ctx.requestId },
    ])
  })

  test('logs share the address', async () => {
    toy.respond = () => ({ nextForwardToken: 'f/1', events: [{ timestamp: 1_700_000_000_123, message: 'ü\n' }] })
    const read = await logs.send(new GetLogEventsCommand({ logGroupName: '/aws/x', logStreamName: 's' }))
    expect(read).toMatchObject({ nextForwardToken: 'f/1', events: [{ timestamp: 1_700_000_000_123, message: 'ü\n' }] })
    toy.respond = () => {
      throw new ApiError('ResourceNotFoundException', 'The specified log group does not exist.')
    }
    const put = logs.send(
      new PutLogEventsCommand({ logGroupName: 'g', logStreamName: 's', logEvents: [{ timestamp: 1, message: 'm' }] }),
    )
    await expect(put).rejects.toMatchObject({ name: 'ResourceNotFoundException' })
  })
})
