import { loadService, type ServiceName, type StructureShape, structureOf } from '@sagebrush/contract'
import { ApiError } from '@sagebrush/core'
import { describe, expect, test } from 'vitest'
import { checkInput } from './check-input.ts'
import { violationsOf } from './violations.ts'

function check(service: ServiceName, name: string, input: Record<string, unknown>): ApiError | undefined {
  const model = loadService(service)
  const operation = model.operations[name]
  if (!operation) throw new Error(name)
  try {
    checkInput(model, operation, input)
    return undefined
  } catch (error) {
    if (error instanceof ApiError) return error
    throw error
  }
}

const job = {
  TrainingJobName: 'job',
  RoleArn: 'arn:aws:iam::123456789012:role/r',
  AlgorithmSpecification: { TrainingImage: 'image', TrainingInputMode: 'File' },
  OutputDataConfig: { S3OutputPath: 's3://bucket/out' },
  ResourceConfig: { InstanceType: 'ml.m5.large', InstanceCount: 1, VolumeSizeInGB: 1 },
  StoppingCondition: { MaxRuntimeInSeconds: 60 },
}
const create = (change: Record<string, unknown>) => check('sagemaker', 'CreateTrainingJob', { ...job, ...change })
const text = (where: string, rule: string) =>
  `1 validation error detected: ${where} failed to satisfy constraint: ${rule}`

describe("constraints in AWS's words", () => {
  test('what satisfies all passes', () => expect(create({})).toBeUndefined())

  test.each([
    ['missing', { RoleArn: undefined }, "Value null at 'roleArn'", 'Member must not be null'],
    [
      'pattern',
      { TrainingJobName: 'a_b' },
      "Value 'a_b' at 'trainingJobName'",
      'Member must satisfy regular expression pattern: [a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}',
    ],
    [
      'enum',
      { AlgorithmSpecification: { TrainingImage: 'i', TrainingInputMode: 'Tape' } },
      "Value 'Tape' at 'algorithmSpecification.trainingInputMode'",
      'Member must satisfy enum value set: [Pipe, File, FastFile]',
    ],
    [
      'range',
      { StoppingCondition: { MaxRuntimeInSeconds: 0 } },
      "Value '0' at 'stoppingCondition.maxRuntimeInSeconds'",
      'Member must have value greater than or equal to 1',
    ],
    [
      'length of a list',
      { InputDataConfig: [] },
      "Value '[]' at 'inputDataConfig'",
      'Member must have length greater than or equal to 1',
    ],
    [
      'a member of an item',
      {
        InputDataConfig: [
          { ChannelName: 'ok', DataSource: {} },
          { ChannelName: 'a b', DataSource: {} },
        ],
      },
      "Value 'a b' at 'inputDataConfig.2.member.channelName'",
      'Member must satisfy regular expression pattern: [A-Za-z0-9\\.\\-_]+',
    ],
    [
      'items of a list of text',
      { VpcConfig: { SecurityGroupIds: ['sg-1', 'sg 2'], Subnets: ['subnet-1'] } },
      "Value '[sg-1, sg 2]' at 'vpcConfig.securityGroupIds'",
      'Member must satisfy constraint: [Member must have length less than or equal to 32, Member must have length greater than or equal to 0, Member must satisfy regular expression pattern: [-0-9a-zA-Z]+]',
    ],
    [
      'values of a map',
      { HyperParameters: { long: 'x'.repeat(2501) } },
      `Value '{long=${'x'.repeat(2501)}}' at 'hyperParameters'`,
      'Map value must satisfy constraint: [Member must have length less than or equal to 2500, Member must have length greater than or equal to 0, Member must satisfy regular expression pattern: .*]',
    ],
    [
      'keys of a map',
      { Environment: { 'a b': '1' } },
      "Value '{a b=1}' at 'environment'",
      'Map keys must satisfy constraint: [Member must have length less than or equal to 512, Member must have length greater than or equal to 0, Member must satisfy regular expression pattern: [a-zA-Z_][a-zA-Z0-9_]*]',
    ],
    [
      'a null in a list',
      { InputDataConfig: [undefined] },
      "Value null at 'inputDataConfig.1.member'",
      'Member must not be null',
    ],
  ])('%s', (_, change, where, rule) => {
    expect(create(change)?.message).toBe(text(where, rule))
  })

  test('all at once, each its own sentence', () => {
    const error = create({ TrainingJobName: '-', RoleArn: 'short', StoppingCondition: { MaxRuntimeInSeconds: -1 } })
    expect(error).toMatchObject({ name: 'ValidationException', status: 400 })
    expect(error?.message).toMatch(
      /^4 validation errors detected: Value '-' .*; Value 'short' .*; Value 'short' .*; Value '-1' /,
    )
  })

  test('a value that is far too long is not run against its pattern, and shown shortened', () => {
    const error = create({ TrainingJobName: `${'a'.repeat(1_000_000)}_` })
    expect(error?.message).toContain('Member must have length less than or equal to 63')
    expect(error?.message).not.toContain('regular expression')
    expect(error?.message.length).toBeLessThan(10_000)
  })

  test('characters are counted, not UTF-16 units', () => {
    expect(create({ HyperParameters: { emoji: '😀'.repeat(2500) } })).toBeUndefined()
    expect(create({ HyperParameters: { emoji: '😀'.repeat(2501) } })).toBeDefined()
  })
})

test('what is sensitive is not repeated', () => {
  const error = check('iam', 'CreateLoginProfile', { UserName: 'u', Password: 'secret\u{1F600}' })
  expect(error?.message).toMatch(/^1 validation error detected: Value at 'password' failed to satisfy constraint: /)
  expect(error?.message).not.toContain('secret')
})

test('services name it differently', () => {
  expect(check('logs', 'CreateLogGroup', { logGroupName: 'a b' })).toMatchObject({ name: 'InvalidParameterException' })
  expect(check('sts', 'AssumeRole', {})).toMatchObject({ name: 'ValidationError' })
  expect(check('sagemaker-runtime', 'InvokeEndpoint', { EndpointName: 'e' })).toMatchObject({ name: 'ValidationError' })
  expect(check('s3', 'PutObject', { Bucket: 'b', Key: 'k', ACL: 'x' })).toMatchObject({ name: 'InvalidArgument' })
  expect(check('s3', 'DeleteObjects', { Bucket: 'b', Delete: { Objects: [{}] } })).toMatchObject({
    name: 'MalformedXML',
  })
})

test('a union takes one member, no more and no less', () => {
  const model = loadService('sagemaker')
  const shape = structureOf(model, 'MetricSpecification')
  const told = (value: Record<string, unknown>) => violationsOf(model, shape, value).map(({ text }) => text)
  expect(told({ Predefined: {} })).toEqual([])
  expect(told({})).toEqual([expect.stringContaining('Exactly one member must be set of: [predefined, customized]')])
  expect(told({ Predefined: {}, Customized: {} })).toHaveLength(1)
})

test('no pattern of the model takes long over a value of hostile length', () => {
  const pieces = ['a', '1', '-', ' ', 'a-', 's3://a/', 'arn:aws:sagemaker:us-east-1:123456789012:']
  const slow: string[] = []
  const model = loadService('sagemaker')
  for (const name of Object.keys(model.shapes)) {
    const shape = model.shapes[name]
    if (shape?.type !== 'string' || shape.pattern === undefined) continue
    const wrapper: StructureShape = { type: 'structure', members: { Value: { shape: name } } }
    for (const piece of pieces) {
      const started = performance.now()
      violationsOf(model, wrapper, { Value: `${piece.repeat(100_000 / piece.length)}\n` })
      if (performance.now() - started > 500) slow.push(`${name}: ${shape.pattern}`)
    }
  }
  expect(slow).toEqual([])
})
