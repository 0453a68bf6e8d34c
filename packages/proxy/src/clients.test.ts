import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { optionalVenv, requires } from '@sagebrush/testing'
import { afterEach, expect, test } from 'vitest'
import { Closers, openTestProxy, worldServer } from './testing.ts'

const run = promisify(execFile)
/** Has requests and botocore; Python's own urllib needs neither. */
const sdkPython = await optionalVenv('sagemaker-sdk')
const closers = new Closers()
afterEach(() => closers.close())

/** Runs a program of Python's with what `sagebrush run` would set. */
async function python(program: string, proxy: Awaited<ReturnType<typeof openTestProxy>>, more: object = {}) {
  const { PATH, HOME } = process.env
  const env = {
    PATH,
    HOME,
    HTTPS_PROXY: proxy.address,
    https_proxy: proxy.address,
    NO_PROXY: '127.0.0.1',
    SSL_CERT_FILE: proxy.caBundle,
    REQUESTS_CA_BUNDLE: proxy.caBundle,
    AWS_CA_BUNDLE: proxy.caBundle,
    AWS_ACCESS_KEY_ID: 'AKIAOURS000000000000',
    AWS_SECRET_ACCESS_KEY: 'secret',
    AWS_EC2_METADATA_DISABLED: 'true',
    ...more,
  }
  return (await run(sdkPython ?? 'python3', ['-c', program], { env, timeout: 25_000 })).stdout.trim()
}

test("Python's own urllib reaches AWS's names and refuses the same certificates under another", async (context) => {
  requires(context, 'python3')
  const proxy = await openTestProxy(closers)
  const program = `
import ssl, sys, urllib.request
context = ssl.create_default_context()
context.verify_flags |= ssl.VERIFY_X509_STRICT
opener = urllib.request.build_opener(urllib.request.ProxyHandler(), urllib.request.HTTPSHandler(context=context))
print(opener.open("https://sts.us-east-1.amazonaws.com/?Action=X").read().decode())
`
  expect(JSON.parse(await python(program, proxy))).toMatchObject({
    host: 'sts.us-east-1.amazonaws.com',
    url: '/?Action=X',
  })
  await expect(python(program, proxy, { SSL_CERT_FILE: '/dev/null' })).rejects.toThrow(/CERTIFICATE_VERIFY_FAILED/)
  await expect.poll(() => proxy.logged).toContainEqual(expect.stringContaining('did not take our certificate for sts.'))
})

test.skipIf(!sdkPython)("Python's requests goes through the tunnel to the world", async () => {
  const world = await worldServer(closers, ['localhost'])
  const proxy = await openTestProxy(closers)
  const program = `
import requests
print(requests.get("https://localhost:${world.port}/a", verify="${world.caFile}").json()["url"])
print(requests.put("https://bucket.s3.us-east-1.amazonaws.com/k", data=b"x" * 3000000).json()["bytes"])
`
  expect(await python(program, proxy, { NO_PROXY: '' })).toBe('/a\n3000000')
  expect(world.seen).toHaveLength(1)
})

test.skipIf(!sdkPython)('botocore signs, uploads and shows a refusal in full', async () => {
  const proxy = await openTestProxy(closers)
  const program = `
import botocore.session
session = botocore.session.get_session()
s3 = session.create_client("s3", region_name="us-east-1")
try: s3.put_object(Bucket="bucket", Key="key", Body=b"y" * 2000000)
except Exception as error: print("S3", type(error).__name__)
for service, call, arguments in [
  ("bedrock-runtime", "converse", dict(modelId="m")),
  ("sqs", "list_queues", {}),
  ("ec2", "describe_regions", {}),
  ("sns", "list_topics", {}),
  ("cloudwatch", "list_metrics", {}),
  ("dynamodb", "list_tables", {}),
]:
  try: getattr(session.create_client(service, region_name="eu-west-1"), call)(**arguments)
  except botocore.exceptions.ClientError as error: print(service, error)
`
  const printed = await python(program, proxy)
  const put = proxy.seen.find((request) => request.method === 'PUT')
  expect(put).toMatchObject({ url: '/key', headers: { host: 'bucket.s3.amazonaws.com' } })
  expect(put?.headers.authorization).toContain('Credential=AKIAOURS000000000000/')
  expect(put?.body.length).toBeGreaterThanOrEqual(2_000_000)
  expect(proxy.continued).toContain('/key')
  for (const service of ['bedrock-runtime', 'sqs', 'ec2', 'sns', 'monitoring', 'dynamodb']) {
    const host = `${service}.eu-west-1.amazonaws.com`
    expect(printed).toMatch(
      new RegExp(
        `\\(ServiceNotHeld\\).*Sagebrush does not answer for ${host.replaceAll('.', '\\.')}.*proxy\\.passThrough`,
      ),
    )
  }
})
