import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { loadService, patternRegExp, serviceNames, shapeOf } from './index.ts'

function accepts(service: (typeof serviceNames)[number], shapeName: string, value: string): boolean {
  const shape = shapeOf(loadService(service), shapeName)
  if (shape.type !== 'string' || shape.pattern === undefined) throw new Error(`${shapeName} has no pattern`)
  return patternRegExp(shape.pattern).test(value)
}

describe('patternRegExp', () => {
  it.each(serviceNames)('compiles every pattern of %s', (name) => {
    for (const [shapeName, shape] of Object.entries(loadService(name).shapes)) {
      if (shape.type !== 'string' || shape.pattern === undefined) continue
      expect(() => patternRegExp(shape.pattern ?? ''), `${shapeName}: ${shape.pattern}`).not.toThrow()
    }
  })

  it.each([
    ['sagemaker', 'TrainingJobName', 'my-job-1', true],
    ['sagemaker', 'TrainingJobName', 'my_job', false],
    ['sagemaker', 'TrainingJobName', 'my-job\n', false],
    ['sagemaker', 'TrainingJobName', 'x my-job', false],
    ['sagemaker', 'RoleArn', 'arn:aws:iam::123456789012:role/service-role/Sage', true],
    ['sagemaker', 'RoleArn', 'arn:aws:iam::12345:role/Sage', false],
    ['sagemaker', 'S3Uri', 's3://bucket/a key/ü', true],
    ['sagemaker', 'S3Uri', 'file:///etc/passwd', false],
    ['sagemaker', 'TagValue', 'Grüße 東京 +-=._:/@', true],
    ['sagemaker', 'TagValue', 'a#b', false],
    ['sagemaker', 'AvailabilityZone', 'us-east-1a', true],
    ['sagemaker', 'AvailabilityZone', 'US-east-1a', false],
    ['sagemaker', 'EdgeVersion', '1.0 b_2', true],
    ['sagemaker', 'EdgeVersion', '1\\0', false],
    ['sagemaker', 'CustomerMetadataKey', 'team/owner', true],
    ['sagemaker', 'CustomerMetadataKey', 'a,b', false],
    ['sagemaker', 'TableName', 'table 𝒳 é', true],
    ['sagemaker', 'TableName', 'a\u0000b', false],
    ['sagemaker', 'TrainingRepositoryCredentialsProviderArn', 'arn:aws-cn:lambda:cn-1:123456789012:function:f', true],
    ['sagemaker', 'TrainingRepositoryCredentialsProviderArn', 'arn:a_s:lambda:cn-1:123456789012:function:f', false],
    ['sagemaker-runtime', 'InferenceId', 'id 7~', true],
    ['sagemaker-runtime', 'InferenceId', ' leads with a blank', false],
    ['sagemaker-runtime', 'InferenceId', 'tab\there', false],
    ['sagemaker-runtime', 'CustomAttributesHeader', 'trace=ü', false],
    ['sagemaker', 'RepositoryUrl', 'https://git.example.com/team/code.git', true],
    ['sagemaker', 'RepositoryUrl', 'https://a/b/c/', true],
    ['sagemaker', 'RepositoryUrl', 'https://ab', false],
    ['sagemaker', 'RepositoryUrl', 'https://a//bc', false],
    ['sagemaker', 'RepositoryUrl', 'https:///abc', false],
    ['sagemaker', 'ClusterSchedulerPriorityClassName', 'a-b--c', true],
    ['sagemaker', 'ClusterSchedulerPriorityClassName', 'a', true],
    ['sagemaker', 'ClusterSchedulerPriorityClassName', 'a-', false],
    ['sts', 'federatedIdType', '123456789012:user-name', true],
    ['logs', 'ResourceType', 'a-b_c', true],
    ['logs', 'ResourceType', 'a.b', false],
    ['logs', 'LogGroupName', '/aws/sagemaker/TrainingJobs', true],
    ['logs', 'LogGroupName', '/aws/sage maker', false],
  ] as const)('%s %s on %j: %s', (service, shapeName, value, expected) => {
    expect(accepts(service, shapeName, value)).toBe(expected)
  })

  // The words of the patterns, repeated to the full length and spoiled at the end: the worst case of backtracking.
  it.each(serviceNames)('answers soon on the worst values for %s', (name) => {
    const words = ['a', '-', 'a-', 'A', '0', '.', 'a.', '/', 'a/', '_', '1.', ' ', ':', 's3://a', '-a1.']
    const starts = ['', 'a', 'a.a/', 'https://', '0.0.0-', 'arn:aws:sagemaker:us-east-1:000000000000:image/']
    for (const [shapeName, shape] of Object.entries(loadService(name).shapes)) {
      if (shape.type !== 'string' || shape.pattern === undefined) continue
      const length = Math.min(shape.max ?? 1024, 2048)
      const values = starts.flatMap((start) => words.map((word) => start + word.repeat(length)))
      const spoiled = values.map((value) => `${value.slice(0, length - 1)}\u0001`)
      const check = () =>
        runInNewContext(
          'values.forEach((value) => regExp.test(value))',
          { regExp: patternRegExp(shape.pattern ?? ''), values: spoiled },
          { timeout: 2000 },
        )
      expect(check, `${shapeName}: ${shape.pattern}`).not.toThrow()
    }
  })
})
