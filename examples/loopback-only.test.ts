import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  type LoopbackNetwork,
  openLoopbackNetwork,
  run,
  type ServerProcess,
  startServerProcess,
} from '@sagebrush/dev-env'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { lacking, requires } from '../tools/test/requires.ts'
import { testVenv } from '../tools/test/venv.ts'

const example = (path: string) => fileURLToPath(new URL(path, import.meta.url))
let network: LoopbackNetwork
let server: ServerProcess
let python: string

beforeAll(async () => {
  if (lacking('network-namespaces')) return
  python = await testVenv('sagemaker-sdk')
  network = await openLoopbackNetwork()
  // The environment of the managed image is made with a network, as `sagebrush up` of a user has it.
  const outside = await startServerProcess()
  await outside.sagebrush(['run', '--', python, example('one-line-script/train.py')])
  await outside.close()
  server = await startServerProcess({}, network.wrap)
}, 900_000)
afterAll(async () => {
  await server?.close()
  await network?.close()
})

test('there is no network in it', async (context) => {
  requires(context, 'network-namespaces')
  const [program = '', ...rest] = [...network.wrap, 'ip', '-o', 'link']
  const links = await run(program, rest, { PATH: process.env.PATH })
  expect(links.stdout.trim().split('\n')).toEqual([expect.stringMatching(/^1: lo: .*UP/)])
})

test('the SageMaker Python SDK', { timeout: 300_000 }, async (context) => {
  requires(context, 'network-namespaces')
  const file = join(server.home, 'answers.json')
  const done = await server.sagebrush(['run', '--', python, example('sagemaker-python-sdk/program.py'), file])
  expect(done.code, done.stderr + done.stdout).toBe(0)
  expect(done.stdout).toContain('Training job completed')
  expect(done.stderr).not.toMatch(/Traceback|telemetry.*(fail|error)|Could not|Max retries|Temporary failure/i)
})

test('its hard-coded hosts answer at once', { timeout: 120_000 }, async (context) => {
  requires(context, 'network-namespaces')
  const program = `
import time, boto3, requests
started = time.monotonic()
sts = boto3.client("sts", endpoint_url="https://sts.us-east-1.amazonaws.com", region_name="us-east-1")
print(sts.get_caller_identity()["Arn"].split(":")[0])
sdk = __import__("sagemaker.telemetry.telemetry_logging", fromlist=["_requests_helper"])
print(sdk._requests_helper(sdk._construct_url("123456789012", "us-east-1", "1", "SDK", None, None, None), 2) is not None)
print(time.monotonic() - started)`
  const done = await server.sagebrush(['run', '--', python, '-W', 'ignore', '-c', program])
  expect(done.code, done.stderr).toBe(0)
  const [scheme, telemetry, seconds] = done.stdout.trim().split('\n').slice(-3)
  expect([scheme, telemetry]).toEqual(['arn', 'True'])
  expect(Number(seconds)).toBeLessThan(20)
})

test('boto3', { timeout: 180_000 }, async (context) => {
  requires(context, 'network-namespaces')
  const done = await server.sagebrush(['run', '--', python, example('boto3/train_and_serve.py')])
  expect(done.stderr).toBe('')
  expect(done.stdout).toMatch(/prediction: \['0', '2'\]/)
})

test('the AWS CLI', { timeout: 180_000 }, async (context) => {
  requires(context, 'network-namespaces')
  const path = `${dirname(python)}:${process.env.PATH}`
  const done = await server.sagebrush(['run', '--', example('aws-cli/train_and_serve.sh')], { PATH: path })
  expect(done.code, done.stderr).toBe(0)
  expect(done.stdout).toMatch(/prediction: 0 2/)
})

test('the AWS SDK for JavaScript', { timeout: 180_000 }, async (context) => {
  requires(context, 'network-namespaces')
  const done = await server.sagebrush(['run', '--', process.execPath, example('aws-sdk-js/train-and-serve.ts')])
  expect(done.code, done.stderr).toBe(0)
  expect(JSON.parse(done.stdout.trim().split('\n').at(-1) ?? '').predictions).toHaveLength(30)
})
