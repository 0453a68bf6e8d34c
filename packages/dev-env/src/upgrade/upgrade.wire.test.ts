import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Clients, startTraining, until } from '../faults/fixtures.ts'
import { type DevEnv, startDevEnv } from '../start-dev-env.ts'
import { describedPart, type ExpectedHome, fixtureHomes } from './fixture-home.ts'

describe.each(globSync(`${fixtureHomes}/*/`).map((folder) => basename(folder)))('a home of version %s', (version) => {
  const home = mkdtempSync(join(tmpdir(), 'upgrade-'))
  const folder = join(fixtureHomes, version)
  const expected: ExpectedHome = JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8'))
  let env: DevEnv
  let clients: Clients
  beforeAll(async () => {
    execFileSync('tar', ['-xzf', join(folder, 'home.tar.gz'), '--no-same-owner', '-C', home])
    env = await startDevEnv({ home })
    clients = new Clients(env.client, env.facts.account)
  })
  afterAll(async () => {
    clients.destroy()
    await env.close()
    rmSync(home, { recursive: true })
  })

  const bytesOf = async (Bucket: string, Key: string) =>
    Buffer.from((await (await clients.s3.getObject({ Bucket, Key })).Body?.transformToByteArray()) ?? [])
  const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

  test('keeps its account and its keys', () => {
    expect(env.facts.account).toBe(expected.account)
  })

  test('gives every object, with what was said of it', async () => {
    const { Contents = [] } = await clients.s3.listObjectsV2({ Bucket: expected.bucket })
    expect(Contents.map(({ Key }) => Key).sort()).toEqual(expected.objects.map(({ key }) => key).sort())
    for (const { key, sha256: digest, contentType, metadata, etag } of expected.objects) {
      const head = await clients.s3.headObject({ Bucket: expected.bucket, Key: key })
      expect(head).toMatchObject({ ContentType: contentType, Metadata: metadata, ETag: etag })
      expect(sha256(await bytesOf(expected.bucket, key))).toBe(digest)
    }
  })

  test.each(expected.jobs)('describes the job $name, and has its log', async ({ name, described, lines }) => {
    const job = await clients.sagemaker.describeTrainingJob({ TrainingJobName: name })
    expect(describedPart(job)).toEqual(described)
    const logGroupName = '/aws/sagemaker/TrainingJobs'
    const { logStreams = [] } = await clients.logs.describeLogStreams({ logGroupName, logStreamNamePrefix: `${name}/` })
    const logStreamName = logStreams[0]?.logStreamName
    const { events = [] } = await clients.logs.getLogEvents({ logGroupName, logStreamName, startFromHead: true })
    expect(events.map(({ timestamp, message }) => `${timestamp} ${message}`)).toEqual(lines)
  })

  test('gives the artifact of the finished job', async () => {
    const { hostname, pathname } = new URL(expected.artifact.uri)
    const archive = await bytesOf(hostname, pathname.slice(1))
    const content = execFileSync('tar', ['-xzOf', '-', expected.artifact.file], { input: archive, encoding: 'utf8' })
    expect(content).toBe(expected.artifact.content)
  })

  test('completes the upload that was begun', async () => {
    const { key, id, firstPart, secondPart, sha256: digest } = expected.upload
    const upload = { Bucket: expected.bucket, Key: key, UploadId: id }
    const { Parts = [] } = await clients.s3.listParts(upload)
    expect(Parts).toMatchObject([{ PartNumber: 1, ETag: firstPart.etag, Size: firstPart.sizeBytes }])
    const { ETag } = await clients.s3.uploadPart({ ...upload, PartNumber: 2, Body: secondPart })
    const MultipartUpload = {
      Parts: [
        { PartNumber: 1, ETag: firstPart.etag },
        { PartNumber: 2, ETag },
      ],
    }
    await clients.s3.completeMultipartUpload({ ...upload, MultipartUpload })
    expect(sha256(await bytesOf(expected.bucket, key))).toBe(digest)
    await clients.s3.deleteObject({ Bucket: expected.bucket, Key: key })
  })

  test('serves the endpoint again, and deletes it', async () => {
    const { name: EndpointName, asked, answer } = expected.endpoint
    const ask = async () =>
      Buffer.from((await clients.runtime.invokeEndpoint({ EndpointName, Body: asked })).Body ?? []).toString()
    expect(await until(`an answer of ${EndpointName}`, () => ask().catch(() => undefined))).toBe(answer)
    await clients.sagemaker.deleteEndpoint({ EndpointName })
    await until(`the end of ${EndpointName}`, async () =>
      (await clients.sagemaker.listEndpoints({})).Endpoints?.length === 0 ? true : undefined,
    )
  })

  test('takes a new job', async () => {
    const code = { 'train.py': 'print("a later version trains")' }
    const name = await startTraining(clients, { bucket: expected.bucket, code })
    const job = await until(`the end of ${name}`, async () => {
      const found = await clients.sagemaker.describeTrainingJob({ TrainingJobName: name })
      return found.TrainingJobStatus === 'InProgress' ? undefined : found
    })
    expect([job.TrainingJobStatus, job.FailureReason]).toEqual(['Completed', undefined])
    const { events = [] } = await clients.logs.filterLogEvents({
      logGroupName: '/aws/sagemaker/TrainingJobs',
      logStreamNamePrefix: `${name}/`,
      filterPattern: 'later',
    })
    expect(events.map(({ message }) => message)).toEqual(['a later version trains'])
  })
})
