import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { S3 } from '@aws-sdk/client-s3'
import { readClientFacts } from '@sagebrush/server/client'
import {
  type Clients,
  defineModel,
  deleteEndpoint,
  endOfJob,
  invoke,
  openClients,
  startJob,
  untilInService,
} from '../script-model.ts'
import { startServerProcess } from '../start-server-process.ts'
import { describedPart, type ExpectedHome, fixtureHomes } from './fixture-home.ts'

/**
 * `npx node packages/dev-env/src/upgrade/make-home.ts`: makes `fixtures/homes/<version>/` anew, by the real server and
 * AWS's own clients. Once for each version that writes something in another form, before it is released.
 */
const bucket = 'fixture'
const MIB = 1024 * 1024
const jobCode = `import os, sys
for number in range(100):
    print('line %d of the fixture: äöü €' % number)
open(os.path.join(os.environ['SM_MODEL_DIR'], 'weights.txt'), 'w').write('the weights of the fixture')
`
const modelCode = `def model_fn(model_dir):
    return 'fixture'

def transform_fn(model, body, content_type, accept):
    return ('%s:%s' % (model, body if isinstance(body, str) else bytes(body).decode())).encode(), accept
`

async function main(): Promise<void> {
  const { version } = JSON.parse(readFileSync(new URL('../../../cli/package.json', import.meta.url), 'utf8'))
  const folder = join(fixtureHomes, version)
  mkdirSync(folder, { recursive: true })
  // Paths of the cache get into records and reasons: one that is nobody's own.
  const cache = join(tmpdir(), 'sagebrush-fixture-cache')
  const server = await startServerProcess({ SAGEBRUSH_ACCOUNT: '123456789012', SAGEBRUSH_CACHE: cache })
  try {
    const clients = await openClients(server)
    const expected = await fill(clients, readClientFacts(server.home).account)
    writeFileSync(join(folder, 'expected.json'), `${JSON.stringify(expected, null, 2)}\n`)
    await server.sagebrush(['down'])
    pack(server.home, join(folder, 'home.tar.gz'))
    await server.sagebrush(['up', '-d', '--port', new URL(server.url).port])
    await deleteEndpoint(clients, expected.endpoint.name)
    console.log(`made ${folder}`)
  } finally {
    await server.close()
    rmSync(cache, { recursive: true })
  }
}

async function fill(clients: Clients, account: string): Promise<ExpectedHome> {
  const { s3 } = clients
  await s3.createBucket({ Bucket: bucket })
  const objects = [
    await putObject(s3, 'plain.txt', Buffer.from('plain text\n'), 'text/plain', {}),
    await putObject(s3, 'folder/with space & ü/data.bin', bytesOf('data', 70_000), 'application/x-fixture', {
      origin: 'fixture',
    }),
    await putObject(s3, 'empty', Buffer.alloc(0), 'application/octet-stream', {}),
  ]
  await startJob(clients, 'finished', jobCode)
  await startJob(clients, 'failed', `${jobCode}sys.exit('it was to fail')\n`)
  const [finished, failed] = [await endOfJob(clients, 'finished'), await endOfJob(clients, 'failed')]
  await defineModel(clients, 'serving', modelCode)
  await clients.sagemaker.createEndpoint({ EndpointName: 'serving', EndpointConfigName: 'serving' })
  await untilInService(clients, 'serving')
  return {
    account,
    bucket,
    objects,
    jobs: [
      { name: 'finished', described: describedPart(finished), lines: await stampedLines(clients, 'finished') },
      { name: 'failed', described: describedPart(failed), lines: await stampedLines(clients, 'failed') },
    ],
    artifact: {
      uri: finished.ModelArtifacts?.S3ModelArtifacts ?? '',
      file: 'weights.txt',
      content: 'the weights of the fixture',
    },
    upload: await beginUpload(s3),
    endpoint: { name: 'serving', asked: 'who', answer: await invoke(clients, 'serving', 'who') },
  }
}

async function putObject(s3: S3, key: string, Body: Buffer, contentType: string, metadata: Record<string, string>) {
  const { ETag = '' } = await s3.putObject({
    Bucket: bucket,
    Key: key,
    Body,
    ContentType: contentType,
    Metadata: metadata,
  })
  return { key, sha256: sha256(Body), contentType, metadata, etag: ETag }
}

async function beginUpload(s3: S3): Promise<ExpectedHome['upload']> {
  const target = { Bucket: bucket, Key: 'in-parts' }
  const { UploadId: id = '' } = await s3.createMultipartUpload(target)
  // All parts but the last have 5 MiB at least; zeros, for the archive's size.
  const first = Buffer.alloc(5 * MIB)
  const { ETag = '' } = await s3.uploadPart({ ...target, UploadId: id, PartNumber: 1, Body: first })
  const secondPart = 'the second part'
  const digest = sha256(Buffer.concat([first, Buffer.from(secondPart)]))
  return { key: target.Key, id, firstPart: { etag: ETag, sizeBytes: first.length }, secondPart, sha256: digest }
}

async function stampedLines({ logs }: Clients, job: string): Promise<string[]> {
  const logGroupName = '/aws/sagemaker/TrainingJobs'
  const { logStreams } = await logs.describeLogStreams({ logGroupName, logStreamNamePrefix: `${job}/` })
  const { events = [] } = await logs.getLogEvents({
    logGroupName,
    logStreamName: logStreams?.[0]?.logStreamName,
    startFromHead: true,
  })
  return events.map(({ timestamp, message }) => `${timestamp} ${message}`)
}

/**
 * What a later version must read. Not the keys of the local authority and of the clients, which nobody should find in
 * a repository and which a start makes again; of the task that serves, what the engine wrote for the next server.
 */
function pack(home: string, archive: string): void {
  const names = ['server.lock', 'store', 'blobs', 'logs', ...globSync('tasks/*/{spec,state}.json', { cwd: home })]
  const owner = ['--owner=0', '--group=0', '--numeric-owner', '--sort=name']
  execFileSync('tar', ['-c', '--use-compress-program=gzip -9', '-f', archive, ...owner, '-C', home, ...names])
}

function bytesOf(seed: string, count: number): Buffer {
  return createHash('shake256', { outputLength: count }).update(seed).digest()
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

await main()
