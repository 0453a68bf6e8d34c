import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type DevEnv, startDevEnv } from '../index.ts'
import {
  archive,
  Clients,
  deploy,
  logOf,
  makeBucket,
  refused,
  type Serving,
  settled,
  undeploy,
  until,
} from './fixtures.ts'

let env: DevEnv
let clients: Clients
let bucket: string
beforeAll(async () => {
  env = await startDevEnv({ settings: { 'limits.startupSeconds': '300', 'limits.servingStopSeconds': '1' } })
  clients = new Clients(env.client, env.facts.account)
  bucket = await makeBucket(clients)
  // The first endpoint may have to make the environment of the managed image.
  const first = await deploy(clients, { bucket, model: { 'code/serve.py': 'def model_fn(folder): return 1' } })
  expect((await settled(clients, first, 280)).EndpointStatus).toBe('InService')
  await undeploy(clients, first)
  await env.close()
  clients.destroy()
  env = await startDevEnv({ settings: { 'limits.startupSeconds': '6', 'limits.servingStopSeconds': '1' } })
  clients = new Clients(env.client, env.facts.account)
  bucket = await makeBucket(clients)
}, 300_000)
afterAll(async () => {
  clients.destroy()
  await env.close()
})

/** Why an endpoint failed; it names the log, and once deleted nothing of it stays. */
async function failing(model: Serving['model'], environment?: Readonly<Record<string, string>>): Promise<string> {
  const name = await deploy(clients, { bucket, model, environment })
  try {
    const { EndpointStatus, FailureReason = '' } = await settled(clients, name)
    expect(EndpointStatus).toBe('Failed')
    const invoked = await refused(clients.runtime.invokeEndpoint({ EndpointName: name, Body: new Uint8Array(1) }))
    expect([invoked.name, invoked.message]).toEqual(['ValidationError', expect.stringContaining(name)])
    return FailureReason.replaceAll(name, 'NAME')
  } finally {
    await undeploy(clients, name)
  }
}

const UNHEALTHY =
  /^The primary container for production variant AllTraffic did not pass the ping health check\. Please check CloudWatch logs for this endpoint \(\/aws\/sagemaker\/Endpoints\/NAME, stream AllTraffic\/[^)]+\)\./

describe('an endpoint fails, with the log’s name and its last lines, for', () => {
  test('a model without model_fn', async () => {
    const reason = await failing({ 'code/serve.py': 'def predict_fn(data, model): return data' })
    expect(reason).toMatch(UNHEALTHY)
    expect(reason).toMatch(/model_fn/)
  })

  test('a model_fn that raises', async () => {
    const reason = await failing({ 'code/serve.py': 'def model_fn(folder): raise RuntimeError("no weights at all")' })
    expect(reason).toMatch(UNHEALTHY)
    expect(reason).toContain('RuntimeError: no weights at all')
  })

  test('an inference script with a syntax error', async () => {
    const reason = await failing({ 'code/serve.py': 'def model_fn(:' })
    expect(reason).toMatch(UNHEALTHY)
    expect(reason).toMatch(/SyntaxError/)
  })

  test('an inference script that is missing', async () => {
    const reason = await failing({ 'code/other.py': '' })
    expect(reason).toMatch(UNHEALTHY)
    expect(reason).toContain('serve.py')
  })

  test('requirements that cannot be installed', async () => {
    const reason = await failing({ 'code/serve.py': '', 'code/requirements.txt': './none-such\n' })
    expect(reason).toMatch(UNHEALTHY)
    expect(reason).toContain("Invalid requirement: './none-such'")
  })

  test('a /ping that never turns green', async () => {
    const code = 'import time\ndef model_fn(folder):\n    print("thinking", flush=True)\n    time.sleep(600)\n'
    const reason = await failing({ 'code/serve.py': code })
    expect(reason).toMatch(UNHEALTHY)
    expect(reason).toContain('It had 6 s.')
    expect(reason).toContain('thinking')
  })

  test('a model.tar.gz that is none', async () => {
    expect(await failing(Buffer.from('nothing of a tar'))).toMatch(
      /could not be started: The archive \S+\/model\.tar\.gz is not a tar archive/,
    )
  })

  test('a model.tar.gz that is cut off', async () => {
    const whole = await archive({ 'weights.bin': 'w'.repeat(100_000), 'code/serve.py': '' })
    expect(await failing(whole.subarray(0, whole.length - 100))).toMatch(
      /could not be started: The archive \S+\/model\.tar\.gz is not a tar archive/,
    )
  })
})

test('a model.tar.gz that is not there is named', async () => {
  const outcome = await refused(
    deploy(clients, { bucket, model: undefined }).then(async (name) => {
      const { FailureReason } = await settled(clients, name)
      await undeploy(clients, name)
      throw Object.assign(new Error(FailureReason), { $metadata: {} })
    }),
  )
  expect(outcome.message).toMatch(/model\.tar\.gz/)
})

const ECHO = `
import os, signal, sys, time
def model_fn(folder): return "m"
def input_fn(body, content_type): return body
def predict_fn(data, model):
    if data == b"die": os.kill(os.getpid(), signal.SIGKILL)
    if data == b"die all": os.killpg(os.getpgrp(), signal.SIGKILL)
    if data == b"raise": raise ValueError("not this row")
    return str(len(data))
def output_fn(prediction, accept): return prediction
`

describe('an endpoint in service', () => {
  let name: string
  beforeAll(async () => {
    name = await deploy(clients, { bucket, model: { 'code/serve.py': ECHO } })
    expect((await settled(clients, name)).EndpointStatus).toBe('InService')
  })
  afterAll(() => undeploy(clients, name))

  const invoke = async (body: string | Uint8Array) => {
    const Body = typeof body === 'string' ? new TextEncoder().encode(body) : body
    const answer = await clients.runtime.invokeEndpoint({ EndpointName: name, ContentType: 'x/y', Body })
    return new TextDecoder().decode(answer.Body)
  }
  const recovers = () =>
    until('an answer', () =>
      invoke('four').then(
        (text) => (text === '4' ? true : undefined),
        () => undefined,
      ),
    )

  test('takes a body of 6,291,456 bytes and refuses one more', async () => {
    expect(await invoke(new Uint8Array(6_291_456))).toBe('6291456')
    const error = await refused(invoke(new Uint8Array(6_291_457)))
    expect(error).toMatchObject({ name: '413', $metadata: { httpStatusCode: 413 } })
    expect(error.message).toContain('6291456')
    expect(await invoke('four')).toBe('4')
  })

  test('leaves uploads a pace of 128 MiB/s while it is invoked', async () => {
    let going = true
    let invoked = 0
    const caller = (async () => {
      for (; going; invoked++) await invoke('four')
    })()
    await until('an answer', async () => invoked > 0 || undefined)
    const began = performance.now()
    await clients.s3.putObject({ Bucket: bucket, Key: 'large', Body: Buffer.alloc(64 * 2 ** 20) })
    const ms = performance.now() - began
    going = false
    await caller
    // 256 slices, one each 2 ms; unhindered a quick machine needs less.
    expect(ms).toBeGreaterThan(480)
  })

  test('passes an exception on as ModelError, with the model’s status and the log', async () => {
    const error = await refused(invoke('raise'))
    expect(error).toMatchObject({ name: 'ModelError', OriginalStatusCode: 500 })
    expect(error.$metadata.httpStatusCode).toBe(424)
    expect(error.message).toMatch(/Received server error \(500\) from primary with message ".*not this row/s)
    expect(JSON.stringify(error)).toContain(`log-group:/aws/sagemaker/Endpoints/${name}`)
    await until('the line in the log', async () => {
      const lines = await logOf(clients, `Endpoints/${name}`)
      return lines.some((line) => line.includes('ValueError: not this row')) ? true : undefined
    })
  })

  test.each(['die', 'die all'])('goes on after its process is gone amid a request: %s', async (word) => {
    const error = await refused(invoke(word))
    expect(error.name).toMatch(/^(ModelError|InternalFailure|ServiceUnavailable|InternalDependencyException)$/)
    expect(error.$metadata.httpStatusCode).toBeGreaterThanOrEqual(424)
    await recovers()
    expect((await clients.sagemaker.describeEndpoint({ EndpointName: name })).EndpointStatus).toBe('InService')
  })
})

test('the limit of a body can be raised', async () => {
  const raised = await startDevEnv({ settings: { 'limits.invokeBodyBytes': '12000000' } })
  const there = new Clients(raised.client, raised.facts.account)
  try {
    const model = { 'code/serve.py': ECHO }
    const name = await deploy(there, { bucket: await makeBucket(there), model })
    expect((await settled(there, name)).EndpointStatus).toBe('InService')
    const answer = await there.runtime.invokeEndpoint({
      EndpointName: name,
      ContentType: 'x/y',
      Body: new Uint8Array(12_000_000),
    })
    expect(new TextDecoder().decode(answer.Body)).toBe('12000000')
    const request = { EndpointName: name, ContentType: 'x/y', Body: new Uint8Array(12_000_001) }
    expect((await refused(there.runtime.invokeEndpoint(request))).name).toBe('413')
    await undeploy(there, name)
  } finally {
    there.destroy()
    await raised.close()
  }
})
