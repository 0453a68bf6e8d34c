import { afterAll, beforeAll, expect, test } from 'vitest'
import { type DevEnv, startDevEnv } from '../index.ts'
import { Clients, deploy, ended, refused, settled, startTraining, trainingLog, undeploy } from './fixtures.ts'

let env: DevEnv
let mine: Clients
let theirs: Clients
beforeAll(async () => {
  env = await startDevEnv()
  mine = new Clients(env.client, env.facts.account)
  const other = await env.anotherAccount()
  theirs = new Clients(other, other.account)
})
afterAll(async () => {
  mine.destroy()
  theirs.destroy()
  await env.close()
})

const REPLY = (who: string) => `
def model_fn(folder): return "${who}"
def input_fn(body, content_type): return body
def predict_fn(data, model): return model
def output_fn(prediction, accept): return prediction
`

test('two accounts with the same names see nothing of each other', async () => {
  const both = [mine, theirs] as const
  const said = new Map([
    [mine, 'mine'],
    [theirs, 'theirs'],
  ])
  const bucket = 'one-bucket'
  const job = 'one-job'
  expect(mine.account).not.toBe(theirs.account)
  await mine.s3.createBucket({ Bucket: bucket })
  await mine.s3.putObject({ Bucket: bucket, Key: 'one-key', Body: 'mine' })

  // Before the other has anything of that name, there is nothing.
  expect((await theirs.s3.listBuckets({})).Buckets).toEqual([])
  expect((await refused(theirs.s3.headBucket({ Bucket: bucket }))).$metadata.httpStatusCode).toBe(404)
  expect((await refused(theirs.s3.getObject({ Bucket: bucket, Key: 'one-key' }))).name).toBe('NoSuchBucket')
  await theirs.s3.createBucket({ Bucket: bucket })
  expect((await theirs.s3.listObjectsV2({ Bucket: bucket })).KeyCount).toBe(0)
  await theirs.s3.putObject({ Bucket: bucket, Key: 'one-key', Body: 'theirs' })

  for (const clients of both) {
    const code = { 'train.py': `print("said ${said.get(clients)}")\n` }
    await startTraining(clients, { bucket, code, request: { TrainingJobName: job } })
  }
  for (const clients of both) {
    const { Body } = await clients.s3.getObject({ Bucket: bucket, Key: 'one-key' })
    expect(await Body?.transformToString()).toBe(said.get(clients))
    const done = await ended(clients, job, 280)
    expect(done.TrainingJobStatus).toBe('Completed')
    expect(done.TrainingJobArn).toContain(`:${clients.account}:training-job/${job}`)
    const log = await trainingLog(clients, job)
    expect(log.filter((line) => line.startsWith('said'))).toEqual([`said ${said.get(clients)}`])
    expect((await clients.sagemaker.listTrainingJobs({})).TrainingJobSummaries?.length).toBe(1)
    const { logStreams } = await clients.logs.describeLogStreams({ logGroupName: '/aws/sagemaker/TrainingJobs' })
    expect(logStreams?.length).toBe(1)
  }

  for (const clients of both) {
    const model = { 'code/serve.py': REPLY(said.get(clients) ?? '') }
    await deploy(clients, { bucket, model, name: 'one-endpoint' })
  }
  for (const clients of both) {
    expect((await settled(clients, 'one-endpoint')).EndpointStatus).toBe('InService')
    const { Body } = await clients.runtime.invokeEndpoint({ EndpointName: 'one-endpoint', Body: new Uint8Array(1) })
    expect(new TextDecoder().decode(Body)).toBe(said.get(clients))
    expect((await clients.sagemaker.listModels({})).Models?.length).toBe(1)
    expect((await clients.sagemaker.listEndpointConfigs({})).EndpointConfigs?.length).toBe(1)
    expect((await clients.sagemaker.listEndpoints({})).Endpoints?.length).toBe(1)
  }

  // What one deletes stays with the other; an ARN of the other's opens nothing.
  const arn = (await theirs.sagemaker.describeEndpoint({ EndpointName: 'one-endpoint' })).EndpointArn
  expect((await refused(mine.sagemaker.listTags({ ResourceArn: arn }))).$metadata.httpStatusCode).toBe(400)
  await undeploy(mine, 'one-endpoint')
  const gone = await refused(mine.runtime.invokeEndpoint({ EndpointName: 'one-endpoint', Body: new Uint8Array(1) }))
  expect(gone.name).toBe('ValidationError')
  const still = await theirs.runtime.invokeEndpoint({ EndpointName: 'one-endpoint', Body: new Uint8Array(1) })
  expect(new TextDecoder().decode(still.Body)).toBe('theirs')
  await mine.logs.deleteLogGroup({ logGroupName: '/aws/sagemaker/TrainingJobs' })
  expect(await trainingLog(theirs, job)).toContain('said theirs')
  await mine.s3.deleteObject({ Bucket: bucket, Key: 'one-key' })
  expect(await (await theirs.s3.getObject({ Bucket: bucket, Key: 'one-key' })).Body?.transformToString()).toBe('theirs')
  await undeploy(theirs, 'one-endpoint')
}, 300_000)
