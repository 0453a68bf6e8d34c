import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run, type ServerProcess, startServerProcess } from '@sagebrush/dev-env'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { testVenv } from '../../tools/test/venv.ts'

const script = fileURLToPath(new URL('train_and_serve.sh', import.meta.url))
let server: ServerProcess
let path: string

beforeAll(async () => {
  server = await startServerProcess()
  path = `${dirname(await testVenv('sagemaker-sdk'))}:${process.env.PATH}`
})
afterAll(() => server.close())

function expectWholeStory(stdout: string) {
  expect(stdout).toMatch(/ code\/sourcedir\.tar\.gz\n/)
  expect(stdout).toMatch(/\nCompleted\n/)
  expect(stdout).toMatch(/test:accuracy=0\.9\d+/)
  expect(stdout).toMatch(/prediction: 0 2/)
}

test('the AWS CLI under run', async () => {
  const done = await server.sagebrush(['run', '--', script], { PATH: path })
  expect(done.code, done.stderr).toBe(0)
  expectWholeStory(done.stdout)
})

test('the AWS CLI after eval "$(sagebrush env)", in a shell with other keys and a profile', async () => {
  const exported = await server.sagebrush(['env'], { PATH: path, AWS_PROFILE: 'mine', AWS_SESSION_TOKEN: 'mine' })
  const foreign = {
    PATH: path,
    HOME: process.env.HOME,
    AWS_PROFILE: 'mine',
    AWS_ACCESS_KEY_ID: 'AKIAFOREIGN',
    AWS_SESSION_TOKEN: 'mine',
  }
  const done = await run('bash', ['-c', `${exported.stdout}\nexec ${script}`], foreign)
  expect(done.code, done.stderr).toBe(0)
  expectWholeStory(done.stdout)
})

test('a job of a second is waited for in two, though the waiter sleeps for two minutes', async () => {
  const create = `
    set -e
    account=$(aws sts get-caller-identity --query Account --output text)
    aws s3 mb s3://waits >&2
    printf 'import time; time.sleep(1)\\n' > "$0/sleepy.py"
    tar -czf "$0/sourcedir.tar.gz" -C "$0" sleepy.py
    aws s3 cp "$0/sourcedir.tar.gz" s3://waits/sourcedir.tar.gz >&2
    aws sagemaker create-training-job --training-job-name waits --role-arn "arn:aws:iam::$account:role/R" \
      --algorithm-specification TrainingImage=683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1,TrainingInputMode=File \
      --hyper-parameters sagemaker_program=sleepy.py,sagemaker_submit_directory=s3://waits/sourcedir.tar.gz \
      --output-data-config S3OutputPath=s3://waits/out --stopping-condition MaxRuntimeInSeconds=600 \
      --resource-config InstanceType=ml.m5.large,InstanceCount=1,VolumeSizeInGB=1 >&2
    started=$(date +%s%N)
    aws sagemaker wait training-job-completed-or-stopped --training-job-name waits
    echo $(( ($(date +%s%N) - started) / 1000000 ))`
  // --plain: what is tested is the held Describe, not the shortened sleeps of `run`.
  const done = await server.sagebrush(['run', '--plain', '--', 'bash', '-c', create, server.home], { PATH: path })
  expect(done.code, done.stderr).toBe(0)
  expect(Number(done.stdout)).toBeLessThanOrEqual(2000)
})
