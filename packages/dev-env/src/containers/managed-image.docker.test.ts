import { skipsFor } from '@sagebrush/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  Clients,
  deploy,
  ended,
  makeBucket,
  settled,
  startTraining,
  trainingLog,
  undeploy,
} from '../faults/fixtures.ts'
import { type DevEnv, startDevEnv } from '../index.ts'

const script = `
import argparse, os, sys, sklearn, joblib
from sklearn.linear_model import LinearRegression
parser = argparse.ArgumentParser()
parser.add_argument('--slope', type=float)
slope = parser.parse_args().slope
print('scikit-learn', sklearn.__version__, 'in', sys.prefix, 'writes to', os.environ['SM_MODEL_DIR'])
import inflection
print(inflection.pluralize('container'))
joblib.dump(LinearRegression().fit([[0], [1], [2]], [0, slope, 2 * slope]), os.path.join(os.environ['SM_MODEL_DIR'], 'model.joblib'))
`
const inference = `
import os, joblib
def model_fn(folder):
    return joblib.load(os.path.join(folder, 'model.joblib'))
`

describe.skipIf(skipsFor('docker'))('the container form of a managed image', () => {
  let env: DevEnv
  let clients: Clients
  let bucket: string
  beforeAll(async () => {
    env = await startDevEnv({ settings: { engine: 'docker' } })
    clients = new Clients(env.client, env.facts.account)
    bucket = await makeBucket(clients)
  })
  afterAll(async () => {
    clients.destroy()
    await env.close()
  })

  test('trains in script mode, with requirements, and serves with the managed web server', async () => {
    const job = await startTraining(clients, {
      bucket,
      code: { 'train.py': script, 'inference.py': inference, 'requirements.txt': 'inflection==0.5.1\n' },
      hyperparameters: { slope: '3' },
    })
    const trained = await ended(clients, job, 600)
    const log = await trainingLog(clients, job)
    expect(trained.FailureReason, log.join('\n')).toBeUndefined()
    expect(log).toContain('scikit-learn 1.2.2 in /opt/sagebrush/environment writes to /opt/ml/model')
    expect(log).toContain('containers')
    const model = await clients.s3.getObject({ Bucket: bucket, Key: `out/${job}/output/model.tar.gz` })
    const name = await deploy(clients, {
      bucket,
      model: (await model.Body?.transformToByteArray()) ?? new Uint8Array(),
      environment: {
        SAGEMAKER_PROGRAM: 'inference.py',
        SAGEMAKER_SUBMIT_DIRECTORY: `s3://${bucket}/${job}/sourcedir.tar.gz`,
      },
    })
    const endpoint = await settled(clients, name, 60)
    expect(endpoint.FailureReason).toBeUndefined()
    const answer = await clients.runtime.invokeEndpoint({ EndpointName: name, ContentType: 'text/csv', Body: '7' })
    expect(JSON.parse(new TextDecoder().decode(answer.Body))).toEqual([expect.closeTo(21)])
    await undeploy(clients, name)
  }, 700_000)
})
