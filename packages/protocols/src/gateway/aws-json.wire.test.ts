import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import {
  CreateTrainingJobCommand,
  DescribeModelCommand,
  SageMakerClient,
  StopTrainingJobCommand,
} from '@aws-sdk/client-sagemaker'
import { ApiError, type RequestContext } from '@sagebrush/core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createGateway, hostService, type RequestFailure } from '../index.ts'

const key = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
  account: '123456789012',
  arn: 'arn:aws:iam::123456789012:root',
  userId: '123456789012',
}
const failures: RequestFailure[] = []
const seen: { input: unknown; ctx: RequestContext }[] = []
let server: Server
let client: SageMakerClient

beforeAll(async () => {
  const gateway = createGateway({
    services: [
      hostService<RequestContext>({
        model: 'sagemaker',
        context: (request) => request,
        operations: {
          CreateTrainingJob: {
            name: 'CreateTrainingJob',
            handle: (input: unknown, ctx: RequestContext) => {
              seen.push({ input, ctx })
              return { TrainingJobArn: `arn:aws:sagemaker:${ctx.caller.region}:${ctx.caller.account}:training-job/x` }
            },
          },
          DescribeModel: {
            name: 'DescribeModel',
            handle: () => {
              throw new ApiError('ValidationException', 'Could not find model "m".')
            },
          },
          StopTrainingJob: {
            name: 'StopTrainingJob',
            handle: () => {
              throw new Error('a secret path')
            },
          },
        },
      }),
    ],
    accessKeys: { find: async (id) => (id === key.accessKeyId ? key : undefined) },
    now: () => new Date(),
    log: (failure) => failures.push(failure),
  })
  server = createServer()
  gateway.attach(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  client = new SageMakerClient({
    endpoint: `http://127.0.0.1:${port}`,
    region: 'eu-west-1',
    credentials: key,
    maxAttempts: 1,
  })
})

afterAll(async () => {
  client.destroy()
  await new Promise((resolve) => server.close(resolve))
})

describe('aws-json', () => {
  test('a signed call reaches its operation with typed input and the caller', async () => {
    const answer = await client.send(
      new CreateTrainingJobCommand({
        TrainingJobName: 'job-1',
        RoleArn: 'arn:aws:iam::123456789012:role/r',
        AlgorithmSpecification: { TrainingImage: 'img', TrainingInputMode: 'File' },
        OutputDataConfig: { S3OutputPath: 's3://bucket/out' },
        ResourceConfig: { InstanceType: 'ml.m5.large', InstanceCount: 1, VolumeSizeInGB: 5 },
        StoppingCondition: { MaxRuntimeInSeconds: 60 },
        HyperParameters: { target: 'x' },
      }),
    )
    expect(answer.TrainingJobArn).toBe('arn:aws:sagemaker:eu-west-1:123456789012:training-job/x')
    expect(seen[0]?.input).toMatchObject({ HyperParameters: { target: 'x' }, ResourceConfig: { VolumeSizeInGB: 5 } })
    expect(answer.$metadata.requestId).toBe(seen[0]?.ctx.requestId)
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
    await expect(client.send(new DescribeModelCommand({ ModelName: 'm' }))).rejects.toMatchObject({
      name: 'ValidationException',
      message: 'Could not find model "m".',
    })
    const call = client.send(new StopTrainingJobCommand({ TrainingJobName: 'x' }))
    await expect(call).rejects.toMatchObject({ name: 'InternalFailure', $metadata: { httpStatusCode: 500 } })
    await expect(call).rejects.not.toThrow(/secret/)
    expect(failures).toHaveLength(1)
  })
})
