import {
  InvokeEndpointCommand,
  InvokeEndpointWithResponseStreamCommand,
  SageMakerRuntimeClient,
} from '@aws-sdk/client-sagemaker-runtime'
import { ApiError } from '@sagebrush/core'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { ToyServer } from '../testing/toy-server.ts'

const toy = new ToyServer()
let runtime: SageMakerRuntimeClient

beforeAll(async () => {
  await toy.start()
  runtime = new SageMakerRuntimeClient(toy.client)
})
afterAll(async () => {
  runtime.destroy()
  await toy.stop()
})
beforeEach(() => {
  toy.calls.length = 0
  toy.failures.length = 0
})

const invoke = (body: Uint8Array) =>
  runtime.send(
    new InvokeEndpointCommand({
      EndpointName: 'e-1',
      Body: body,
      ContentType: 'text/csv',
      Accept: 'application/json',
      CustomAttributes: 'trace=1',
    }),
  )

describe('InvokeEndpoint', () => {
  test('bytes, headers and label there and back', async () => {
    toy.respond = ({ input }) => ({
      Body: Buffer.concat([input.Body as Uint8Array, Buffer.from('!')]),
      ContentType: 'text/x',
      InvokedProductionVariant: 'AllTraffic',
    })
    const answer = await invoke(Buffer.from([0, 255, 10, 13]))
    expect(Buffer.from(answer.Body ?? [])).toEqual(Buffer.from([0, 255, 10, 13, 33]))
    expect(answer).toMatchObject({ ContentType: 'text/x', InvokedProductionVariant: 'AllTraffic' })
    const { Body: _, ...input } = toy.calls[0]?.input ?? {}
    expect(input).toEqual({
      EndpointName: 'e-1',
      ContentType: 'text/csv',
      Accept: 'application/json',
      CustomAttributes: 'trace=1',
    })
  })

  test('6 MB pass, a byte more is told so', async () => {
    toy.respond = ({ input }) => ({ Body: Buffer.from(String((input.Body as Uint8Array).length)) })
    expect((await invoke(new Uint8Array(6_291_456))).Body?.transformToString()).toBe('6291456')
    await expect(invoke(new Uint8Array(6_291_457))).rejects.toMatchObject({
      name: '413',
      message: 'HTTP content length exceeded 6291456 bytes.',
      $metadata: { httpStatusCode: 413 },
    })
  })

  test('a modelled error with its members and status', async () => {
    toy.respond = () => {
      throw new ApiError('ModelError', 'Received server error (500) from primary', {
        status: 424,
        members: { OriginalStatusCode: 500, OriginalMessage: 'boom', LogStreamArn: 'arn:x' },
      })
    }
    await expect(invoke(Buffer.from('1'))).rejects.toMatchObject({
      name: 'ModelError',
      message: 'Received server error (500) from primary',
      OriginalStatusCode: 500,
      OriginalMessage: 'boom',
      $metadata: { httpStatusCode: 424 },
    })
  })
})

describe('InvokeEndpointWithResponseStream', () => {
  const open = () =>
    runtime.send(new InvokeEndpointWithResponseStreamCommand({ EndpointName: 'e', Body: Buffer.from('x') }))

  test('a part arrives before the next is made', async () => {
    let release = () => {}
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    toy.respond = () => ({
      ContentType: 'text/plain',
      Body: (async function* () {
        yield { PayloadPart: { Bytes: Buffer.from('first') } }
        await released
        yield { PayloadPart: { Bytes: Buffer.from('second') } }
      })(),
    })
    const answer = await open()
    expect(answer.ContentType).toBe('text/plain')
    const parts: string[] = []
    for await (const event of answer.Body ?? []) {
      parts.push(Buffer.from(event.PayloadPart?.Bytes ?? []).toString())
      release()
    }
    expect(parts).toEqual(['first', 'second'])
  })

  test('a modelled error in mid-stream is an exception event', async () => {
    toy.respond = () => ({
      Body: (async function* () {
        yield { PayloadPart: { Bytes: Buffer.from('some') } }
        throw new ApiError('ModelStreamError', 'the model broke off', { members: { ErrorCode: 'StreamBroken' } })
      })(),
    })
    const answer = await open()
    const read = async () => {
      for await (const _ of answer.Body ?? []);
    }
    await expect(read()).rejects.toMatchObject({ name: 'ModelStreamError', ErrorCode: 'StreamBroken' })
    expect(toy.failures).toEqual([])
  })

  test('any other error is told without detail and logged', async () => {
    toy.respond = () => ({
      Body: (async function* () {
        yield { PayloadPart: { Bytes: Buffer.from('some') } }
        throw new Error('a secret path')
      })(),
    })
    const answer = await open()
    const read = async () => {
      for await (const _ of answer.Body ?? []);
    }
    const failure = expect(read()).rejects
    await failure.toMatchObject({ name: 'InternalStreamFailure', message: expect.not.stringContaining('secret') })
    await expect.poll(() => toy.failures).toMatchObject([{ operation: 'InvokeEndpointWithResponseStream' }])
  })
})
