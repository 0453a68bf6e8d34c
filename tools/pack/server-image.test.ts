import { randomBytes } from 'node:crypto'
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { S3 } from '@aws-sdk/client-s3'
import { SageMaker } from '@aws-sdk/client-sagemaker'
import { run, until } from '@sagebrush/dev-env'
import { readClientFacts } from '@sagebrush/server/client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse } from 'yaml'
import { root } from '../set-up/node-modules.mjs'
import { requires } from '../test/requires.ts'

const name = `sagebrush-test-${randomBytes(4).toString('hex')}`
const images = { package: `${name}-package`, server: `${name}-server` }
const dockerfile = join(root, 'images/server/Dockerfile')

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'server-image-'))
})
afterAll(async () => {
  await run('docker', ['rm', '--force', '--volumes', name], process.env)
  await run('docker', ['volume', 'rm', '--force', `${name}-cache`], process.env)
  await run('docker', ['rmi', '--force', images.server, images.package], process.env)
  rmSync(folder, { recursive: true, force: true })
}, 120_000)

async function docker(...args: string[]): Promise<string> {
  const done = await run('docker', args, process.env)
  expect(done.code, `docker ${args.join(' ')}\n${done.stderr.slice(-2000)}${done.stdout.slice(-2000)}`).toBe(0)
  return done.stdout
}

interface Service {
  readonly network_mode: string
  readonly init: boolean
  readonly environment: Readonly<Record<string, string>>
  readonly volumes: readonly string[]
}

/** What `docker compose up` would run, for machines that have an engine and no Compose. */
function argumentsOf(variables: Readonly<Record<string, string>>): string[] {
  const text = readFileSync(join(root, 'deploy/compose.yaml'), 'utf8').replaceAll(
    /\$\{(\w+)(?::-([^}]*)|:\?[^}]*)?\}/g,
    (_all, variable: string, fallback = '') => variables[variable] ?? fallback,
  )
  const { services } = parse(text) as { services: { sagebrush: Service } }
  const { network_mode, init, environment, volumes } = services.sagebrush
  return [
    `--network=${network_mode}`,
    ...(init ? ['--init'] : []),
    ...Object.entries(environment).flatMap(([variable, value]) => ['--env', `${variable}=${value}`]),
    ...volumes.flatMap((volume) => ['--volume', volume.replace(/^cache:/, `${name}-cache:`)]),
  ]
}

test('the image is built from the package, serves AWS’s SDK, and keeps its home', {
  timeout: 900_000,
}, async (context) => {
  requires(context, 'docker', 'npm-registry')
  const packed = await run('npm', ['run', '--silent', '--prefix', root, 'pack', '--', '--out', folder], process.env)
  expect(packed.code, packed.stderr).toBe(0)
  const authority = process.env.NODE_EXTRA_CA_CERTS
  if (authority && existsSync(authority)) copyFileSync(authority, join(folder, 'extra-ca.pem'))
  await docker('build', '--file', dockerfile, '--target', 'package', '--tag', images.package, folder)
  await docker('build', '--file', dockerfile, '--tag', images.server, folder)

  const home = join(folder, 'home')
  const settings = argumentsOf({ SAGEBRUSH_HOME: home, SAGEBRUSH_PORT: String(await freePort()) })
  await docker('run', '--detach', '--name', name, ...settings, images.server)
  const health = async () => {
    const facts = existsSync(join(home, 'server.json')) ? readClientFacts(home) : undefined
    const answer = facts && (await fetch(`${facts.url}/_sagebrush/health`).catch(() => undefined))
    return answer?.ok ? facts : undefined
  }
  const { url: endpoint, region, accessKeyId, secretAccessKey } = await until(60_000, health)
  const client = { endpoint, region, credentials: { accessKeyId, secretAccessKey }, maxAttempts: 1 }
  const s3 = new S3({ ...client, forcePathStyle: true })
  const bytes = randomBytes(1024 ** 2)
  await s3.createBucket({ Bucket: 'kept' })
  await s3.putObject({ Bucket: 'kept', Key: 'bytes', Body: bytes })
  const sagemaker = new SageMaker(client)
  await expect(sagemaker.describeTrainingJob({ TrainingJobName: 'none' })).rejects.toThrow(
    'Requested resource not found',
  )

  // Its jobs run in containers beside its own.
  await s3.putObject({ Bucket: 'kept', Key: 'train/words', Body: '3 words here' })
  await trainBeside(sagemaker, 'beside', 'cp /opt/ml/input/data/train/words /opt/ml/model/')
  expect(await modelOf(s3, sagemaker, 'beside')).toBe('3 words here')

  // From outside, its process id is somebody else's.
  const outside = { ...process.env, SAGEBRUSH_HOME: home, SAGEBRUSH_PORT: undefined }
  const cli = join(root, 'packages/cli/bin/sagebrush.mjs')
  const down = await run(process.execPath, [cli, 'down'], outside)
  expect([down.code, down.stderr]).toEqual([1, expect.stringContaining('runs in a container: stop that')])
  // What works in there and what does not, it says itself.
  const doctor = await run('docker', ['exec', name, 'sagebrush', 'doctor', '--json'], process.env)
  const findings: { name: string; state: string; found: string; fix?: string }[] = JSON.parse(doctor.stdout)
  expect(findings.find((finding) => finding.name === 'python3')?.state).toBe('good')
  expect(findings.find((finding) => finding.name === 'server')?.found).toContain(endpoint)
  const namespaces = findings.find((finding) => finding.name === 'namespaces')
  expect(namespaces?.state === 'good' || namespaces?.fix?.includes('docs/installation.md')).toBe(true)

  const copy = join(home, 'copy.tar')
  await docker('exec', name, 'sagebrush', 'backup', copy)
  expect(statSync(copy).size).toBeGreaterThan(bytes.length)

  await trainBeside(sagemaker, 'outlives', 'sleep 5; date +%s > /opt/ml/model/words')
  const trains = async () =>
    (await sagemaker.describeTrainingJob({ TrainingJobName: 'outlives' })).SecondaryStatus === 'Training' || undefined
  await until(30_000, trains)
  const stopping = Date.now() / 1000
  await docker('stop', name)
  expect(existsSync(join(home, 'server.json'))).toBe(false)
  expect(await docker('inspect', '--format', '{{.State.ExitCode}}', name)).toBe('0\n')
  await docker('start', name)
  await until(60_000, health)
  // A job that ran meanwhile went on.
  expect(Number(await modelOf(s3, sagemaker, 'outlives'))).toBeGreaterThanOrEqual(Math.floor(stopping))
  const again = await s3.getObject({ Bucket: 'kept', Key: 'bytes' })
  expect(Buffer.compare((await again.Body?.transformToByteArray()) ?? new Uint8Array(), bytes)).toBe(0)

  // All ends from inside, and the server last: its container may go before the command has said its last.
  const arn = await trainBeside(sagemaker, 'ended', 'trap "exit 0" TERM; sleep 50 & wait')
  const itsContainers = async () => await docker('ps', '--all', '--quiet', '--filter', `label=sagebrush.arn=${arn}`)
  await until(30_000, async () => (await itsContainers()) !== '' || undefined)
  const { stdout } = await run('docker', ['exec', name, 'sagebrush', 'down', '--all'], process.env)
  expect(stdout).toMatch(/^Stopping training job ended …\nStopped training job ended\.\n/)
  const runs = async () => (await docker('inspect', '--format', '{{.State.Running}}', name)) === 'true\n'
  await until(30_000, async () => !(await runs()) || undefined)
  expect([await itsContainers(), existsSync(join(home, 'server.json'))]).toEqual(['', false])
})

async function trainBeside(sagemaker: SageMaker, job: string, script: string): Promise<string | undefined> {
  const { TrainingJobArn } = await sagemaker.createTrainingJob({
    TrainingJobName: job,
    RoleArn: 'arn:aws:iam::123456789012:role/beside',
    AlgorithmSpecification: {
      TrainingImage: 'debian:bookworm-slim',
      TrainingInputMode: 'File',
      ContainerEntrypoint: ['sh', '-c', script],
    },
    InputDataConfig: [
      {
        ChannelName: 'train',
        DataSource: { S3DataSource: { S3DataType: 'S3Prefix', S3Uri: 's3://kept/train/' } },
      },
    ],
    OutputDataConfig: { S3OutputPath: 's3://kept/out' },
    ResourceConfig: { InstanceType: 'ml.m5.large', InstanceCount: 1, VolumeSizeInGB: 1 },
    StoppingCondition: { MaxRuntimeInSeconds: 60 },
  })
  return TrainingJobArn
}

/** The file `words` of the model that a job has made. */
async function modelOf(s3: S3, sagemaker: SageMaker, job: string): Promise<string> {
  const ended = await until(60_000, async () => {
    const seen = await sagemaker.describeTrainingJob({ TrainingJobName: job })
    return seen.TrainingJobStatus === 'InProgress' ? undefined : seen
  })
  expect([ended.TrainingJobStatus, ended.FailureReason]).toEqual(['Completed', undefined])
  const model = await s3.getObject({ Bucket: 'kept', Key: `out/${job}/output/model.tar.gz` })
  const archive = join(folder, 'model.tar.gz')
  writeFileSync(archive, (await model.Body?.transformToByteArray()) ?? '')
  const untarred = await run('tar', ['-xzOf', archive, 'words'], process.env)
  return untarred.stdout
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}
