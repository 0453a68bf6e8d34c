import {
  type Clients,
  defineModel,
  deleteEndpoint,
  invoke,
  openClients,
  type ServerProcess,
  startServerProcess,
  until,
  untilInService,
} from '@sagebrush/dev-env'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { testVenv } from '../tools/test/venv.ts'

let server: ServerProcess
let clients: Clients

beforeAll(async () => {
  server = await startServerProcess()
  clients = await openClients(server)
}, 60_000)
afterAll(() => server.close())

/** Sends a part, and a second later another one that says when it was made. */
const streaming = `
import time
def model_fn(folder): return None
def transform_fn(model, body, content_type, accept):
    def parts():
        yield b"first"
        time.sleep(1)
        yield b" made at %.3f" % time.time()
    return parts(), "text/plain"
`

test('the first part of a streamed answer arrives before the last is made', { timeout: 400_000 }, async () => {
  const EndpointName = 'streams'
  await defineModel(clients, EndpointName, streaming)
  await clients.sagemaker.createEndpoint({ EndpointName, EndpointConfigName: EndpointName })
  await untilInService(clients, EndpointName)

  const answer = await clients.runtime.invokeEndpointWithResponseStream({ EndpointName, Body: 'x' })
  let text = ''
  let firstAt: number | undefined
  for await (const event of answer.Body ?? []) {
    firstAt ??= Date.now() / 1000
    text += new TextDecoder().decode(event.PayloadPart?.Bytes)
  }
  const [, made] = /^first made at ([\d.]+)$/.exec(text) ?? []
  expect(firstAt).toBeLessThan(Number(made))

  const program = `
import boto3, re, time
stream = boto3.client("sagemaker-runtime").invoke_endpoint_with_response_stream(EndpointName="${EndpointName}", Body=b"x")
first, text = None, b""
for event in stream["Body"]:
    first = first or time.time()
    text += event["PayloadPart"]["Bytes"]
print(first < float(re.fullmatch(rb"first made at ([0-9.]+)", text)[1]))`
  const done = await server.sagebrush(['run', '--', await testVenv('sagemaker-sdk'), '-c', program])
  expect([done.stdout, done.stderr]).toEqual(['True\n', ''])
  await deleteEndpoint(clients, EndpointName)
})

/** Answers its own name, a little slowly, so that requests are under way whenever instances are exchanged. */
const named = (name: string) => `
import time
def model_fn(folder): time.sleep(0.5); return "${name}"
def transform_fn(model, body, content_type, accept):
    time.sleep(0.03)
    return model + body, "text/plain"
`

test('UpdateEndpoint under load loses no request', { timeout: 400_000 }, async () => {
  const EndpointName = 'updated'
  await defineModel(clients, 'model-a', named('A'), 2)
  await defineModel(clients, 'model-b', named('B'), 2)
  await clients.sagemaker.createEndpoint({ EndpointName, EndpointConfigName: 'model-a' })
  await untilInService(clients, EndpointName)

  const answers: { model: string; asked: number }[] = []
  const models = () => new Set(answers.map(({ model }) => model))
  let busy = true
  const loads = Array.from({ length: 8 }, async (_, n) => {
    for (let i = 0; busy; i++) {
      const asked = performance.now()
      const said = await invoke(clients, EndpointName, `-${n}-${i}`)
      if (said.slice(1) !== `-${n}-${i}`) throw new Error(`${n}-${i} was answered with ${said}`)
      answers.push({ model: said.slice(0, 1), asked })
    }
  })
  const seen = (count: number) => until(60_000, async () => (answers.length >= count ? true : undefined))
  const exchanged = (async () => {
    await seen(30)
    expect(models()).toEqual(new Set(['A']))
    await clients.sagemaker.updateEndpoint({ EndpointName, EndpointConfigName: 'model-b' })
    await untilInService(clients, EndpointName)
    const inService = performance.now()
    await seen(answers.length + 50)
    return inService
  })().finally(() => {
    busy = false
  })
  const [inService] = await Promise.all([exchanged, ...loads]) // a failed request fails the test
  expect(models()).toEqual(new Set(['A', 'B']))
  // Requests that were under way when the update ended may be answered by the old model.
  const late = answers.filter(({ asked }) => asked > inService)
  expect(late.length).toBeGreaterThan(20)
  expect(new Set(late.map(({ model }) => model))).toEqual(new Set(['B']))
  await deleteEndpoint(clients, EndpointName)
})

test('a server that stops just after DeleteEndpoint leaves no instance behind', { timeout: 400_000 }, async () => {
  const passing = await startServerProcess()
  const its = await openClients(passing)
  await defineModel(its, 'passing', named('P'))
  await its.sagemaker.createEndpoint({ EndpointName: 'passing', EndpointConfigName: 'passing' })
  await untilInService(its, 'passing')
  await its.sagemaker.deleteEndpoint({ EndpointName: 'passing' })
  await passing.close() // throws where a task or a process is left
})
