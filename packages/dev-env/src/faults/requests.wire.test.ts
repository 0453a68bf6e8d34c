import { createHash } from 'node:crypto'
import { CloudWatchLogs } from '@aws-sdk/client-cloudwatch-logs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type DevEnv, startDevEnv } from '../index.ts'
import { Clients, image, makeBucket, refused, role, unique } from './fixtures.ts'
import { type SignedRequest, sendSigned } from './signed-request.ts'

let env: DevEnv
let clients: Clients
beforeAll(async () => {
  env = await startDevEnv()
  clients = new Clients(env.client, env.facts.account)
})
afterAll(async () => {
  clients.destroy()
  await env.close()
})

const post = (target: string, body: string, more: Partial<SignedRequest> = {}) =>
  sendSigned(env, {
    service: 'sagemaker',
    method: 'POST',
    target: '/',
    headers: { 'x-amz-target': target, 'content-type': 'application/x-amz-json-1.1' },
    body,
    ...more,
  })

const valid = () => ({
  TrainingJobName: unique('valid'),
  RoleArn: role(clients.account),
  AlgorithmSpecification: { TrainingImage: image, TrainingInputMode: 'File' as const },
  OutputDataConfig: { S3OutputPath: 's3://bucket/out' },
  ResourceConfig: { InstanceType: 'ml.m5.large' as const, InstanceCount: 1, VolumeSizeInGB: 10 },
  StoppingCondition: { MaxRuntimeInSeconds: 60 },
})

/** Sends it as it is: the SDK leaves checking to the service. */
const create = (change: Record<string, unknown>) =>
  refused(clients.sagemaker.createTrainingJob({ ...valid(), ...change } as never))

test('an image that nothing stands in for is refused with what there is', async () => {
  const TrainingImage = '683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1'
  const { name, message } = await create({ AlgorithmSpecification: { TrainingImage, TrainingInputMode: 'File' } })
  expect(name).toBe('ValidationException')
  expect(message).toContain(
    `Cannot find image "${TrainingImage}". No managed image stands in for ${TrainingImage}. Managed images here: sagemaker-scikit-learn (0.23, `,
  )
})

describe('each class of constraint is refused in AWS’s words, and nothing is made:', () => {
  afterAll(async () => {
    expect((await clients.sagemaker.listTrainingJobs({})).TrainingJobSummaries).toEqual([])
  })

  test.each([
    [
      'required',
      { RoleArn: undefined },
      "1 validation error detected: Value null at 'roleArn' failed to satisfy constraint: Member must not be null",
    ],
    [
      'pattern',
      { TrainingJobName: 'no_underscore' },
      "1 validation error detected: Value 'no_underscore' at 'trainingJobName' failed to satisfy constraint: Member must satisfy regular expression pattern: [a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}",
    ],
    [
      'maximum length',
      { TrainingJobName: 'a'.repeat(64) },
      "' at 'trainingJobName' failed to satisfy constraint: Member must have length less than or equal to 63",
    ],
    [
      'minimum length',
      { RoleArn: 'arn:aws:iam::1:role' },
      "Value 'arn:aws:iam::1:role' at 'roleArn' failed to satisfy constraint: Member must have length greater than or equal to 20",
    ],
    [
      'range from below',
      { StoppingCondition: { MaxRuntimeInSeconds: 0 } },
      "Value '0' at 'stoppingCondition.maxRuntimeInSeconds' failed to satisfy constraint: Member must have value greater than or equal to 1",
    ],
    [
      'enumeration',
      { ResourceConfig: { InstanceType: 'ml.none', InstanceCount: 1, VolumeSizeInGB: 10 } },
      "Value 'ml.none' at 'resourceConfig.instanceType' failed to satisfy constraint: Member must satisfy enum value set: [",
    ],
    [
      'length of a list',
      {
        InputDataConfig: Array.from({ length: 21 }, (_, i) => ({
          ChannelName: `c${i}`,
          DataSource: { S3DataSource: { S3DataType: 'S3Prefix', S3Uri: 's3://b/p' } },
        })),
      },
      "at 'inputDataConfig' failed to satisfy constraint: Member must have length less than or equal to 20",
    ],
    [
      'length of a map',
      { HyperParameters: Object.fromEntries(Array.from({ length: 101 }, (_, i) => [`k${i}`, 'v'])) },
      "at 'hyperParameters' failed to satisfy constraint: Member must have length less than or equal to 100",
    ],
    [
      'value in a map',
      { HyperParameters: { long: 'x'.repeat(2501) } },
      "at 'hyperParameters' failed to satisfy constraint: Map value must satisfy constraint: [Member must have length less than or equal to 2500, Member must have length greater than or equal to 0",
    ],
    [
      'member of a list',
      { InputDataConfig: [{ ChannelName: 'a b', DataSource: {} }] },
      "Value 'a b' at 'inputDataConfig.1.member.channelName' failed to satisfy constraint: Member must satisfy regular expression pattern: [A-Za-z0-9\\.\\-_]+",
    ],
  ])('%s', async (_, change, message) => {
    const error = await create(change)
    expect(error.name).toBe('ValidationException')
    expect(error.$metadata.httpStatusCode).toBe(400)
    expect(error.message).toContain(message)
  })

  test('several at once', async () => {
    const error = await create({
      TrainingJobName: '-',
      RoleArn: undefined,
      StoppingCondition: { MaxRuntimeInSeconds: -1 },
      ResourceConfig: { InstanceType: 'ml.m5.large', InstanceCount: -2, VolumeSizeInGB: 10 },
    })
    expect(error.message).toMatch(/^4 validation errors detected: /)
    for (const at of [
      'trainingJobName',
      'roleArn',
      'stoppingCondition.maxRuntimeInSeconds',
      'resourceConfig.instanceCount',
    ]) {
      expect(error.message).toContain(`at '${at}' failed to satisfy constraint: `)
    }
  })

  test('wrong types are no valid request', async () => {
    const { status, text } = await post(
      'SageMaker.CreateTrainingJob',
      JSON.stringify({ ...valid(), StoppingCondition: { MaxRuntimeInSeconds: 'soon' } }),
    )
    expect(status).toBe(400)
    expect(JSON.parse(text).__type).toMatch(/SerializationException$/)
  })
})

describe('requests that are none', () => {
  test('malformed JSON', async () => {
    for (const body of ['{', '{"TrainingJobName": }', 'null', '[]', '"text"', '\u0000', '{"a":1}{"b":2}']) {
      const { status, text } = await post('SageMaker.CreateTrainingJob', body)
      expect([status, body]).toEqual([400, body])
      expect(JSON.parse(text).__type).toMatch(/SerializationException$/)
    }
  })

  test('JSON nested without end', async () => {
    const body = `${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`
    const { status } = await post('SageMaker.CreateTrainingJob', body)
    expect(status).toBe(400)
    const list = await clients.sagemaker.listTrainingJobs({})
    expect(list.TrainingJobSummaries).toEqual([])
  })

  test('an operation that AWS does not have', async () => {
    const { status, text } = await post('SageMaker.CreateEverything', '{}')
    expect(status).toBe(400)
    expect(JSON.parse(text).__type).toMatch(/UnknownOperationException$/)
    const other = await post('NoSuchService.ListTrainingJobs', '{}')
    expect([other.status, JSON.parse(other.text).__type]).toEqual([400, expect.stringMatching(/UnknownOperation/)])
    const iam = await sendSigned(env, {
      service: 'iam',
      method: 'POST',
      target: '/',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: 'Action=MakeCoffee&Version=2010-05-08',
    })
    expect([iam.status, iam.text]).toEqual([400, expect.stringContaining('<Code>InvalidAction</Code>')])
  })

  test('a method that a bucket does not know', async () => {
    const bucket = await makeBucket(clients)
    const { status, text } = await sendSigned(env, { service: 's3', method: 'PATCH', target: `/${bucket}`, body: '' })
    expect([status, text]).toEqual([405, expect.stringContaining('<Code>MethodNotAllowed</Code>')])
  })

  test('malformed XML changes nothing', async () => {
    const bucket = await makeBucket(clients)
    await clients.s3.putObject({ Bucket: bucket, Key: 'kept', Body: 'x' })
    const bomb = `<!DOCTYPE d [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]><Delete><Object><Key>&b;</Key></Object></Delete>`
    for (const body of [
      '<Delete><Object><Key>kept</Key>',
      '<Delete><Object><Key>kept</Object></Key></Delete>',
      '<Else><Object><Key>kept</Key></Object></Else>',
      '{"Object":[{"Key":"kept"}]}',
      '<Delete><Object>kept</Object></Delete>',
      bomb,
      `<?xml version="1.0"?><!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]><Delete><Object><Key>&x;</Key></Object></Delete>`,
    ]) {
      const md5 = createHash('md5').update(body).digest('base64')
      const { status, text } = await sendSigned(env, {
        service: 's3',
        method: 'POST',
        target: `/${bucket}?delete=`,
        headers: { 'content-md5': md5 },
        body,
      })
      expect([status, body, text]).toEqual([400, body, expect.stringContaining('<Code>MalformedXML</Code>')])
    }
    expect((await clients.s3.headObject({ Bucket: bucket, Key: 'kept' })).ContentLength).toBe(1)
  })
})

describe('what is not there yet', () => {
  test('says so, and no SDK tries it again', async () => {
    const patient = new CloudWatchLogs({ ...env.client, maxAttempts: 3 })
    const sagemaker = new Clients({ ...env.client, maxAttempts: 3 as 1 }, env.facts.account)
    try {
      const error = await refused(sagemaker.sagemaker.listPipelines({}))
      expect(error.name).toBe('NotImplementedException')
      expect(error.message).toBe(
        'ListPipelines of Amazon SageMaker Service is not implemented by Sagebrush yet: see docs/api-coverage.md',
      )
      expect(error.$metadata).toMatchObject({ httpStatusCode: 501, attempts: 1 })
      const logs = await refused(patient.describeQueries({}))
      expect(logs.$metadata).toMatchObject({ httpStatusCode: 501, attempts: 1 })
      const bucket = await makeBucket(clients)
      const s3 = await refused(sagemaker.s3.getBucketReplication({ Bucket: bucket }))
      expect(s3.$metadata.attempts).toBe(1)
      expect(s3.message).toMatch(/GetBucketReplication|replication/i)
    } finally {
      patient.destroy()
      sagemaker.destroy()
    }
  })

  test('a service that nobody answers for is named', async () => {
    const { status, text } = await post('DynamoDB_20120810.ListTables', '{}', { service: 'dynamodb' })
    expect([status, text]).toEqual([400, expect.stringContaining("the service 'dynamodb'")])
  })
})
