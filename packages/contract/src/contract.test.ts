import { describe, expect, expectTypeOf, it } from 'vitest'
import type * as s3 from './generated/s3.ts'
import type { CreateTrainingJobRequest, TrainingJobStatus } from './generated/sagemaker.ts'
import type { InvokeEndpointWithResponseStreamOutput, ResponseStream } from './generated/sagemaker-runtime.ts'
import {
  type InputOf,
  loadService,
  type OutputOf,
  type ServiceModel,
  serviceNames,
  shapeOf,
  structureOf,
} from './index.ts'

describe.each(serviceNames)('%s', (name) => {
  const model: ServiceModel = loadService(name)

  it('resolves every reference to a shape of the right kind', () => {
    for (const [key, operation] of Object.entries(model.operations)) {
      expect(operation.name).toBe(key)
      if (operation.input) structureOf(model, operation.input.shape)
      if (operation.output) structureOf(model, operation.output.shape)
      for (const error of operation.errors) {
        expect(structureOf(model, error).error, `${key} declares ${error}`).toBeDefined()
      }
    }
    for (const shape of Object.values(model.shapes)) {
      if (shape.type === 'list') shapeOf(model, shape.member.shape)
      if (shape.type === 'map') {
        expect(shapeOf(model, shape.key.shape).type).toBe('string')
        shapeOf(model, shape.value.shape)
      }
      if (shape.type !== 'structure') continue
      for (const member of Object.values(shape.members)) shapeOf(model, member.shape)
      for (const required of shape.required ?? []) expect(Object.keys(shape.members)).toContain(required)
      if (shape.payload) expect(Object.keys(shape.members)).toContain(shape.payload)
    }
  })

  it('binds every label of a path to a required member', () => {
    for (const operation of Object.values(model.operations)) {
      const labels = [...operation.http.requestUri.matchAll(/\{([^}+]+)\+?\}/g)].map(([, label]) => label)
      const input = operation.input && structureOf(model, operation.input.shape)
      const bound = Object.entries(input?.members ?? {})
        .filter(([, member]) => member.location === 'uri')
        .map(([member, { locationName }]) => ({ member, label: locationName ?? member }))
      expect(bound.map(({ label }) => label).sort(), operation.name).toEqual(labels.sort())
      for (const { member } of bound) expect(input?.required, operation.name).toContain(member)
    }
  })

  it('holds facts and no prose', () => {
    const text = JSON.stringify(model)
    expect(text).not.toMatch(/"(documentation|documentationUrl|examples|deprecatedMessage)":/)
    expect(text).not.toMatch(/<p>|<\/code>/)
  })
})

describe('the models', () => {
  it.each([
    ['sagemaker', 'json', 'sagemaker', 'SageMaker', 400],
    ['sagemaker-runtime', 'rest-json', 'sagemaker', undefined, 3],
    ['s3', 'rest-xml', 's3', undefined, 100],
    ['sts', 'query', 'sts', undefined, 10],
    ['iam', 'query', 'iam', undefined, 150],
    ['logs', 'json', 'logs', 'Logs_20140328', 100],
  ] as const)('%s speaks %s in the scope %s', (name, protocol, signingName, targetPrefix, atLeast) => {
    const { metadata, operations } = loadService(name)
    expect(metadata).toMatchObject({ protocol, signingName })
    expect(metadata.targetPrefix).toBe(targetPrefix)
    expect(Object.keys(operations).length).toBeGreaterThanOrEqual(atLeast)
  })

  it('keep constraints as published', () => {
    const model = loadService('sagemaker')
    expect(structureOf(model, 'CreateTrainingJobRequest').required).toEqual([
      'TrainingJobName',
      'RoleArn',
      'OutputDataConfig',
    ])
    expect(shapeOf(model, 'TrainingJobName')).toEqual({
      type: 'string',
      pattern: '[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}',
      min: 1,
      max: 63,
    })
    expect(shapeOf(model, 'TrainingJobStatus')).toMatchObject({
      enum: expect.arrayContaining(['InProgress', 'Completed', 'Failed', 'Stopping', 'Stopped']),
    })
    expect(shapeOf(model, 'HyperParameters')).toMatchObject({ type: 'map', max: 100 })
  })

  it('keep HTTP bindings as published', () => {
    const model = loadService('s3')
    expect(model.operations.PutObject).toMatchObject({
      http: { method: 'PUT', requestUri: '/{Bucket}/{Key+}', responseCode: 200 },
      httpChecksum: { requestAlgorithmMember: 'ChecksumAlgorithm' },
    })
    expect(model.operations.DeleteObject?.http.responseCode).toBe(204)
    const put = structureOf(model, 'PutObjectRequest')
    expect(put.payload).toBe('Body')
    expect(put.members.Body).toMatchObject({ shape: 'Body', streaming: true })
    expect(put.members.Metadata).toMatchObject({ location: 'headers', locationName: 'x-amz-meta-' })
    expect(structureOf(model, 'NoSuchKey').error).toEqual({ code: 'NoSuchKey', httpStatusCode: 404, fault: 'client' })
    expect(structureOf(model, 'Grantee').members.Type).toMatchObject({ xmlAttribute: true, locationName: 'xsi:type' })
    expect(structureOf(model, 'ListObjectsV2Output').members.Contents).toMatchObject({ shape: 'ObjectList' })
    expect(shapeOf(model, 'ObjectList')).toMatchObject({ type: 'list', flattened: true })
  })

  it('give error codes as they stand on the wire', () => {
    const code = (name: 'sts' | 'iam' | 'sagemaker-runtime', shape: string) =>
      structureOf(loadService(name), shape).error
    expect(code('iam', 'NoSuchEntityException')).toEqual({ code: 'NoSuchEntity', httpStatusCode: 404, fault: 'client' })
    expect(code('sagemaker-runtime', 'ModelError')).toEqual({
      code: 'ModelError',
      httpStatusCode: 424,
      fault: 'client',
    })
    expect(code('sagemaker-runtime', 'InternalFailure')?.fault).toBe('server')
  })

  it('find nothing under a name of Object.prototype', () => {
    const model = loadService('s3')
    for (const name of ['constructor', '__proto__', 'toString', 'hasOwnProperty']) {
      expect(model.operations[name]).toBeUndefined()
      expect(model.shapes[name]).toBeUndefined()
    }
    expect(() => shapeOf(model, 'constructor')).toThrow('s3 has no shape constructor')
    expect(() => structureOf(model, 'BucketName')).toThrow('s3.BucketName is a string, not a structure')
  })

  it('are read once', () => {
    expect(loadService('logs')).toBe(loadService('logs'))
  })
})

// Held by `tsc -b`: these lines fail to compile, and not to run, when the types are wrong.
describe('the types', () => {
  it('say what AWS takes and answers', () => {
    expectTypeOf<InputOf<'sagemaker', 'CreateTrainingJob'>>().toEqualTypeOf<CreateTrainingJobRequest>()
    expectTypeOf<CreateTrainingJobRequest['TrainingJobName']>().toEqualTypeOf<string>()
    expectTypeOf<CreateTrainingJobRequest['HyperParameters']>().toEqualTypeOf<{ [key: string]: string } | undefined>()
    expectTypeOf<OutputOf<'sagemaker', 'DescribeTrainingJob'>['CreationTime']>().toEqualTypeOf<Date>()
    expectTypeOf<'Completed'>().toExtend<TrainingJobStatus>()
    expectTypeOf<'Done'>().not.toExtend<TrainingJobStatus>()
    expectTypeOf<Record<never, never>>().toEqualTypeOf<OutputOf<'sagemaker', 'StopTrainingJob'>>()
  })

  it('say how bodies come', () => {
    expectTypeOf<s3.PutObjectRequest['Body']>().toEqualTypeOf<AsyncIterable<Uint8Array> | undefined>()
    expectTypeOf<InputOf<'sagemaker-runtime', 'InvokeEndpoint'>['Body']>().toEqualTypeOf<Uint8Array>()
    expectTypeOf<InvokeEndpointWithResponseStreamOutput['Body']>().toEqualTypeOf<AsyncIterable<ResponseStream>>()
    const narrowed = (part: ResponseStream) => part.PayloadPart?.Bytes
    expectTypeOf(narrowed).returns.toEqualTypeOf<Uint8Array | undefined>()
  })

  it('shadow no global', () => {
    expectTypeOf<s3.Errors>().toEqualTypeOf<s3.S3Error[]>()
    expectTypeOf<s3.S3Object['LastModified']>().toEqualTypeOf<Date | undefined>()
  })
})
