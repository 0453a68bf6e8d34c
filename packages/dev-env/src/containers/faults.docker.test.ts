import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { CreateTrainingJobCommandInput } from '@aws-sdk/client-sagemaker'
import { skipsFor } from '@sagebrush/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  Clients,
  ended,
  makeBucket,
  refused,
  role,
  settled,
  trainingLog,
  undeploy,
  unique,
  until,
} from '../faults/fixtures.ts'
import { type DevEnv, startDevEnv } from '../index.ts'
import { buildImage, docker, pythonBase, removeImages } from './images.ts'

const run = promisify(execFile)
const toolkit = (name: string) =>
  readFile(fileURLToPath(new URL(`../../../../python/toolkit/sagebrush_toolkit/${name}`, import.meta.url)), 'utf8')

/** `train` runs the hyperparameter `script`; `serve` answers with its host's name, and hangs on to its process. */
const algorithm = `#!/usr/bin/python3
import http.server, json, os, sys
sys.path.insert(0, '/opt/ml/code')
if sys.argv[1:] == ['train']:
    import base64
    exec(base64.b64decode(json.load(open('/opt/ml/input/config/hyperparameters.json'))['script']))
    sys.exit(0)
class Handler(http.server.BaseHTTPRequestHandler):
    def answer(self):
        self.rfile.read(int(self.headers.get('content-length') or 0))
        body = os.popen('cat /proc/sys/kernel/random/boot_id /etc/hostname').read().encode()
        self.send_response(200); self.send_header('content-length', str(len(body))); self.end_headers(); self.wfile.write(body)
    do_GET = do_POST = answer
http.server.ThreadingHTTPServer(('0.0.0.0', 8080), Handler).serve_forever()
`

const UNSTARTABLE =
  /^The primary container for production variant All could not be started: .*Put an executable of that name on the image's PATH, or set an ENTRYPOINT/

/** One signed GET by the toolkit's own signer; what follows it in a script may use \`text\`. */
const signedGet = (bucket: string) => `
import io
from sagebrush_toolkit import s3
file = io.BytesIO()
s3.download('s3://${bucket}/data', file)
print('got', file.getvalue().decode())
`

describe.skipIf(skipsFor('docker'))('containers that users see fail', () => {
  const tag = `sagebrush-test/${unique('faults')}-${randomBytes(3).toString('hex')}:1`
  let env: DevEnv
  let clients: Clients
  let bucket: string
  beforeAll(async () => {
    await buildImage(tag, {
      Dockerfile: `FROM ${await pythonBase()}\nCOPY run.py /run.py\nCOPY code /opt/ml/code\nENTRYPOINT ["/usr/bin/python3", "-u", "/run.py"]\n`,
      'run.py': algorithm,
      'code/sagebrush_toolkit/__init__.py': await toolkit('__init__.py'),
      'code/sagebrush_toolkit/s3.py': await toolkit('s3.py'),
      'code/sagebrush_toolkit/task.py': await toolkit('task.py'),
    })
    env = await startDevEnv({ settings: { 'limits.invokeTimeoutSeconds': '5' } })
    clients = new Clients(env.client, env.facts.account)
    bucket = await makeBucket(clients)
    await clients.s3.putObject({ Bucket: bucket, Key: 'data', Body: 'an object' })
  })
  afterAll(async () => {
    clients.destroy()
    await env.close()
    await removeImages(tag)
  })

  const train = async (script: string, more: Partial<CreateTrainingJobCommandInput> = {}) => {
    const TrainingJobName = unique('job')
    await clients.sagemaker.createTrainingJob({
      TrainingJobName,
      RoleArn: role(env.facts.account),
      AlgorithmSpecification: { TrainingImage: tag, TrainingInputMode: 'File' },
      HyperParameters: { script: Buffer.from(script).toString('base64') },
      OutputDataConfig: { S3OutputPath: `s3://${bucket}/out` },
      ResourceConfig: { InstanceType: 'ml.m5.large', InstanceCount: 1, VolumeSizeInGB: 1 },
      StoppingCondition: { MaxRuntimeInSeconds: 600 },
      ...more,
    })
    return TrainingJobName
  }
  const printed = async (job: string, line: RegExp) =>
    await until(`${line}`, async () => (await trainingLog(clients, job)).find((each) => line.test(each)))
  const container = async (job: string) =>
    (await docker('ps', '--format', '{{.Names}} {{.Labels}}'))
      .split('\n')
      .find((line) => line.includes(job))
      ?.split(' ')[0] ?? ''

  test('a job reaches S3 with its own credentials, by the server’s address and by the proxy', async () => {
    const job = await train(`${signedGet(bucket)}
os.environ.pop('AWS_ENDPOINT_URL', None); os.environ.pop('AWS_ENDPOINT_URL_S3', None)
import ssl, urllib.request, time, http.client
from urllib.parse import urlsplit
proxy = urlsplit(os.environ['HTTPS_PROXY'])
where = http.client.HTTPSConnection(proxy.hostname, proxy.port, context=ssl.create_default_context(cafile=os.environ['AWS_CA_BUNDLE']))
import base64
word = base64.b64encode((proxy.username + ':' + proxy.password).encode()).decode()
where.set_tunnel('s3.us-east-1.amazonaws.com', 443, {'Proxy-Authorization': 'Basic ' + word})
headers = s3.signed_headers('s3.us-east-1.amazonaws.com', '/${bucket}/data', 'us-east-1', os.environ, time.time())
where.request('GET', '/${bucket}/data', headers=headers)
print('by the proxy', where.getresponse().read().decode())
where.request('GET', '/${bucket}/other-than-signed', headers=headers)
print('wrongly signed', where.getresponse().status)`)
    const { FailureReason } = await ended(clients, job)
    expect((await trainingLog(clients, job)).slice(-3)).toEqual([
      'got an object',
      'by the proxy an object',
      'wrongly signed 403',
    ])
    expect(FailureReason).toBeUndefined()
  })

  test('the server answers on a network’s address to its members alone, and else on loopback', async () => {
    const script = `print('server', os.environ['AWS_ENDPOINT_URL'])\nimport time; time.sleep(600)`
    const ResourceConfig = { InstanceType: 'ml.m5.large', InstanceCount: 2, VolumeSizeInGB: 1 } as const
    const jobs = await Promise.all([train(script), train(script, { ResourceConfig })])
    const places = await Promise.all(
      jobs.map(async (job) => new URL((await printed(job, /^server/)).replace('server ', '')).host),
    )
    expect(new Set(places).size).toBe(2)
    const names = await Promise.all(jobs.map(container))
    const ask = (place: string) =>
      `import urllib.request, urllib.error
try: print(urllib.request.urlopen('http://${place}/', timeout=3).status)
except urllib.error.HTTPError as error: print(error.code)
except Exception as error: print('hindered')`
    for (const [from, name] of names.entries()) {
      const answers = await Promise.all(places.map((place) => docker('exec', name, 'python3', '-c', ask(place))))
      expect(answers[from]).toMatch(/^(403|400)$/)
      expect(answers[1 - from]).toBe('hindered')
    }
    const port = new URL(env.url).port
    const { stdout } = await run('ss', ['-Hltn', `sport = :${port}`])
    const bound = stdout
      .trim()
      .split('\n')
      .map((line) => line.split(/\s+/)[3])
    expect(bound.sort()).toEqual(
      [
        ...new Set([
          `127.0.0.1:${port}`,
          ...places,
          ...bound.filter((each) => /^172\.|^192\.168\.|^10\./.test(each ?? '')),
        ]),
      ].sort(),
    )
    expect(bound).not.toContain(`0.0.0.0:${port}`)
    for (const TrainingJobName of jobs) await clients.sagemaker.stopTrainingJob({ TrainingJobName })
    for (const name of names) await docker('kill', name).catch(() => {})
    for (const job of jobs) await ended(clients, job)
  })

  test('no job gets through the proxy into another one’s container, nor into what only this machine reaches', async () => {
    const listening = `import socket
server = socket.create_server(('0.0.0.0', 9000))
print('listens on', socket.gethostbyname(socket.gethostname()), flush=True)
while True:
    peer = server.accept()[0]
    print('was reached', flush=True)
    peer.sendall(b'HTTP/1.0 200 OK\\r\\n\\r\\nwelcome')
    peer.close()`
    const ResourceConfig = { InstanceType: 'ml.m5.large', InstanceCount: 2, VolumeSizeInGB: 1 } as const
    const listeners = await Promise.all([train(listening), train(listening, { ResourceConfig })])
    const addresses = await Promise.all(
      listeners.map(async (job) => (await printed(job, /^listens on/)).replace('listens on ', '')),
    )
    const asking = await train(`import base64, socket
from urllib.parse import urlsplit
proxy = urlsplit(os.environ['HTTPS_PROXY'])
word = base64.b64encode((proxy.username + ':' + proxy.password).encode()).decode()
def first_line(head):
    peer = socket.create_connection((proxy.hostname, proxy.port), 10)
    peer.sendall((head + '\\r\\nProxy-Authorization: Basic ' + word + '\\r\\n\\r\\n').encode())
    return peer.makefile().readline().strip()
for place in ${JSON.stringify([...addresses.map((address) => `${address}:9000`), '127.0.0.1:22', 'localhost:22'])}:
    print(place, first_line('CONNECT ' + place + ' HTTP/1.1\\r\\nHost: ' + place))
    print(place, first_line('GET http://' + place + '/ HTTP/1.1\\r\\nHost: ' + place))`)
    const { FailureReason } = await ended(clients, asking)
    expect(FailureReason).toBeUndefined()
    const answers = (await trainingLog(clients, asking)).filter((line) => / HTTP\/1\.1 /.test(line))
    expect(answers).toHaveLength(8)
    for (const answer of answers) expect(answer).toMatch(/ HTTP\/1\.1 403 Forbidden$/)
    for (const job of listeners) {
      expect(await trainingLog(clients, job)).not.toContain('was reached')
      await clients.sagemaker.stopTrainingJob({ TrainingJobName: job })
    }
    for (const job of listeners) await ended(clients, job)
  })

  test.skipIf(skipsFor('root'))('another machine that routes to a network’s address is refused', async () => {
    const job = await train(`print('server', os.environ['AWS_ENDPOINT_URL'])\nimport time; time.sleep(600)`)
    const { host, hostname } = new URL((await printed(job, /^server/)).replace('server ', ''))
    const space = `sagebrush-${process.pid}`
    const [outer, inner] = [`sb${process.pid}o`, `sb${process.pid}i`]
    try {
      await run('sh', [
        '-ec',
        `ip netns add ${space}; ip link add ${outer} type veth peer name ${inner} netns ${space}
        ip addr add 198.18.7.1/24 dev ${outer}; ip link set ${outer} up
        ip -n ${space} addr add 198.18.7.2/24 dev ${inner}; ip -n ${space} link set ${inner} up; ip -n ${space} route add ${hostname} via 198.18.7.1`,
      ])
      const ask = `import socket
peer = socket.create_connection(('${hostname}', ${host.split(':')[1]}), 3)
peer.sendall(b'GET / HTTP/1.1\\r\\nhost: x\\r\\n\\r\\n')
try: print('got', peer.recv(100))
except OSError as error: print('got', error)`
      const { stdout } = await run('ip', ['netns', 'exec', space, 'python3', '-c', ask])
      expect(stdout).toMatch(/^got (b''|.*reset by peer)/)
    } finally {
      await run('sh', ['-c', `ip netns del ${space}; ip link del ${outer} 2>/dev/null; true`])
      await clients.sagemaker.stopTrainingJob({ TrainingJobName: job })
    }
    await ended(clients, job)
  })

  test('an image that is not there is refused when it is named, with the nearest names', async () => {
    const near = tag.replace('faults', 'fautls')
    const AlgorithmSpecification = { TrainingImage: near, TrainingInputMode: 'File' } as const
    const job = await refused(train('', { AlgorithmSpecification }))
    expect(job.message).toContain(`"docker pull ${near}"`)
    expect(job.message).toContain(`The nearest names are ${tag}`)
    const PrimaryContainer = { Image: near }
    const model = await refused(
      clients.sagemaker.createModel({
        ModelName: unique('m'),
        ExecutionRoleArn: role(env.facts.account),
        PrimaryContainer,
      }),
    )
    expect(model.message).toContain(`The nearest names are ${tag}`)
    for (const TrainingImage of ['a b', '../containers/json', 'x?y#z']) {
      const odd = await refused(train('', { AlgorithmSpecification: { TrainingImage, TrainingInputMode: 'File' } }))
      expect(odd.message).toContain('The container engine has no image of that name')
      expect(odd.$metadata.httpStatusCode).toBe(400)
    }
  })

  test('a job that outgrows its instance, or is removed by hand, fails with the reason', async () => {
    const ResourceConfig = { InstanceType: 'ml.t3.medium', InstanceCount: 1, VolumeSizeInGB: 1 } as const
    const greedy = await train(
      `
limit = int(open('/sys/fs/cgroup/memory/memory.limit_in_bytes' if os.path.exists('/sys/fs/cgroup/memory') else '/sys/fs/cgroup/memory.max').read())
print('limit', limit >> 20)
kept = []
while True: kept.append(bytearray(256 << 20))`,
      { ResourceConfig },
    )
    const { FailureReason } = await ended(clients, greedy)
    expect(FailureReason).toMatch(/^AlgorithmError: limit 4096, exit code: 137 \(out of memory\)$/)
    const removed = await train(`print('up')\nimport time; time.sleep(600)`)
    await printed(removed, /^up/)
    await docker('rm', '-f', await container(removed))
    expect((await ended(clients, removed)).FailureReason).toMatch(
      /^InternalServerError: The container of the task is gone: somebody removed it.* What it had printed until then is in its log; /,
    )
    expect((await trainingLog(clients, removed)).at(-1)).toBe('up')
  })

  test('an endpoint of an image that cannot be started with "serve" says so, with the way out', async () => {
    const name = unique('endpoint')
    const Image = await pythonBase()
    const { sagemaker } = clients
    await sagemaker.createModel({
      ModelName: name,
      ExecutionRoleArn: role(env.facts.account),
      PrimaryContainer: { Image },
    })
    await sagemaker.createEndpointConfig({
      EndpointConfigName: name,
      ProductionVariants: [
        { VariantName: 'All', ModelName: name, InitialInstanceCount: 1, InstanceType: 'ml.m5.large' },
      ],
    })
    await sagemaker.createEndpoint({ EndpointName: name, EndpointConfigName: name })
    const { EndpointStatus, FailureReason } = await settled(clients, name)
    expect([EndpointStatus, FailureReason]).toEqual(['Failed', expect.stringMatching(UNSTARTABLE)])
    expect(FailureReason).toContain(`The image ${Image} cannot be started with "serve": `)
    await undeploy(clients, name)
  })

  test('an instance whose container is removed or hangs is replaced', async () => {
    const name = unique('endpoint')
    const { sagemaker, runtime } = clients
    await sagemaker.createModel({
      ModelName: name,
      ExecutionRoleArn: role(env.facts.account),
      PrimaryContainer: { Image: tag },
    })
    await sagemaker.createEndpointConfig({
      EndpointConfigName: name,
      ProductionVariants: [
        { VariantName: 'All', ModelName: name, InitialInstanceCount: 1, InstanceType: 'ml.m5.large' },
      ],
    })
    await sagemaker.createEndpoint({ EndpointName: name, EndpointConfigName: name })
    expect((await settled(clients, name)).FailureReason).toBeUndefined()
    const invoke = async () =>
      new TextDecoder().decode((await runtime.invokeEndpoint({ EndpointName: name, Body: 'x' })).Body).split('\n')[0]
    const first = await invoke()
    await docker('rm', '-f', await container(name))
    const again = await until('an answer', async () => await invoke().catch(() => undefined), 30)
    expect(again).toBe(first) // the machine's: it is the same one
    expect((await sagemaker.describeEndpoint({ EndpointName: name })).EndpointStatus).toBe('InService')
    await undeploy(clients, name)
  })
})
