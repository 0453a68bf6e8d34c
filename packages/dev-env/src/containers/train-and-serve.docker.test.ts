import { skipsFor } from '@sagebrush/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Clients, makeBucket, role, settled, undeploy, unique, until } from '../faults/fixtures.ts'
import { type DevEnv, startDevEnv } from '../index.ts'
import { buildImage, docker, pythonBase, removeImages } from './images.ts'

/** The mean of a column: a whole algorithm, its code in /opt/ml beside what is mounted there. */
const algorithm = `#!/usr/bin/python3
import csv, glob, http.server, json, os, sys, urllib.request
def train():
    print('hyperparameters', json.load(open('/opt/ml/input/config/hyperparameters.json')))
    print('files', sorted(glob.glob('/opt/ml/input/data/train/*')))
    print('own', open('/opt/ml/code/note.txt').read())
    values = [float(row[0]) for path in glob.glob('/opt/ml/input/data/train/*.csv') for row in csv.reader(open(path))]
    open('/opt/ml/model/mean.txt', 'w').write(str(sum(values) / len(values)))
    open('/opt/ml/output/data/count.txt', 'w').write(str(len(values)))
class Handler(http.server.BaseHTTPRequestHandler):
    def answer(self, body):
        self.send_response(200); self.send_header('content-length', str(len(body))); self.end_headers(); self.wfile.write(body)
    def do_GET(self): self.answer(b'')
    def do_POST(self):
        self.rfile.read(int(self.headers.get('content-length') or 0))
        self.answer(open('/opt/ml/model/mean.txt').read().encode())
if sys.argv[1:] == ['train']: train()
elif sys.argv[1:] == ['serve']: http.server.ThreadingHTTPServer(('0.0.0.0', 8080), Handler).serve_forever()
else: sys.exit('unknown ' + str(sys.argv))
`

describe.skipIf(skipsFor('docker'))('an image of the container engine', () => {
  const tag = `sagebrush-test/${unique('mean')}:1`
  let env: DevEnv
  let clients: Clients
  let bucket: string
  beforeAll(async () => {
    await buildImage(tag, {
      Dockerfile: `FROM ${await pythonBase()}\nCOPY mean.py note.txt /opt/ml/code/\nENTRYPOINT ["/usr/bin/python3", "-u", "/opt/ml/code/mean.py"]\n`,
      'mean.py': algorithm,
      'note.txt': 'kept',
    })
    env = await startDevEnv()
    clients = new Clients(env.client, env.facts.account)
    bucket = await makeBucket(clients)
  })
  afterAll(async () => {
    clients.destroy()
    await env.close()
    await removeImages(tag)
  })

  test('trains on a channel, and its artifact is served', async () => {
    const { s3, sagemaker, runtime, logs } = clients
    await s3.putObject({ Bucket: bucket, Key: 'train/a.csv', Body: '1\n2\n' })
    await s3.putObject({ Bucket: bucket, Key: 'train/b.csv', Body: '6\n' })
    const job = unique('mean')
    await sagemaker.createTrainingJob({
      TrainingJobName: job,
      RoleArn: role(env.facts.account),
      AlgorithmSpecification: { TrainingImage: tag, TrainingInputMode: 'File' },
      HyperParameters: { column: '0' },
      InputDataConfig: [
        {
          ChannelName: 'train',
          DataSource: { S3DataSource: { S3DataType: 'S3Prefix', S3Uri: `s3://${bucket}/train/` } },
        },
      ],
      OutputDataConfig: { S3OutputPath: `s3://${bucket}/out` },
      ResourceConfig: { InstanceType: 'ml.m5.large', InstanceCount: 1, VolumeSizeInGB: 1 },
      StoppingCondition: { MaxRuntimeInSeconds: 60 },
    })
    const ended = await until('the end of the job', async () => {
      const seen = await sagemaker.describeTrainingJob({ TrainingJobName: job })
      return seen.TrainingJobStatus === 'InProgress' ? undefined : seen
    })
    expect(ended.FailureReason).toBeUndefined()
    expect(ended.SecondaryStatusTransitions?.map(({ Status }) => Status)).toEqual([
      'Starting',
      'Downloading',
      'Training',
      'Uploading',
      'Completed',
    ])
    expect(ended.AlgorithmSpecification?.TrainingImage).toBe(tag)
    const group = '/aws/sagemaker/TrainingJobs'
    const { logStreams = [] } = await logs.describeLogStreams({ logGroupName: group, logStreamNamePrefix: `${job}/` })
    const { events = [] } = await logs.getLogEvents({
      logGroupName: group,
      logStreamName: logStreams[0]?.logStreamName,
      startFromHead: true,
    })
    const id = await docker('image', 'inspect', '--format', '{{.Id}}', tag)
    expect(events.map(({ message }) => message)).toEqual([
      expect.stringContaining(`${tag} is ${id}`),
      expect.stringContaining('was created, trusted by sagemaker.amazonaws.com'),
      "hyperparameters {'column': '0'}",
      "files ['/opt/ml/input/data/train/a.csv', '/opt/ml/input/data/train/b.csv']",
      'own kept',
    ])

    const model = ended.ModelArtifacts?.S3ModelArtifacts ?? ''
    const name = unique('mean')
    await sagemaker.createModel({
      ModelName: name,
      ExecutionRoleArn: role(env.facts.account),
      PrimaryContainer: { Image: tag, ModelDataUrl: model },
    })
    await sagemaker.createEndpointConfig({
      EndpointConfigName: name,
      ProductionVariants: [
        { VariantName: 'All', ModelName: name, InitialInstanceCount: 2, InstanceType: 'ml.m5.large' },
      ],
    })
    await sagemaker.createEndpoint({ EndpointName: name, EndpointConfigName: name })
    const endpoint = await settled(clients, name, 60)
    expect(endpoint.FailureReason).toBeUndefined()
    const [variant] = endpoint.ProductionVariants ?? []
    expect(variant?.CurrentInstanceCount).toBe(2)
    expect(variant?.DeployedImages?.[0]?.ResolvedImage).toBe(`${tag.split(':')[0]}@${id}`)
    const answer = await runtime.invokeEndpoint({ EndpointName: name, ContentType: 'text/csv', Body: 'x' })
    expect(new TextDecoder().decode(answer.Body)).toBe('3.0')
    await undeploy(clients, name)
  })
})
