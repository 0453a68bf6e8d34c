import { IAM } from '@aws-sdk/client-iam'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type DevEnv, startDevEnv } from '../index.ts'
import { Clients, image, makeBucket, refused, role, startTraining } from './fixtures.ts'

let env: DevEnv
let clients: Clients
beforeAll(async () => {
  env = await startDevEnv({ settings: { 'iam.mode': 'strict' } })
  clients = new Clients(env.client, env.facts.account)
})
afterAll(async () => {
  clients.destroy()
  await env.close()
})

test('strict mode refuses a role that is not there, or trusts another, in AWS’s words, and takes one that trusts', async () => {
  const bucket = await makeBucket(clients)
  const iam = new IAM(env.client)
  const RoleArn = role(clients.account).replace('SageMakerExecution', 'NotThere')
  const job = (name: string) =>
    startTraining(clients, { bucket, code: { 'train.py': '' }, request: { RoleArn, TrainingJobName: name } })
  try {
    const words = `Could not assume role ${RoleArn}. Please ensure that the role exists and allows principal 'sagemaker.amazonaws.com' to assume the role.`
    const missing = await refused(job('no-role'))
    expect([missing.name, missing.message]).toEqual(['ValidationException', words])
    const model = { ModelName: 'no-role', ExecutionRoleArn: RoleArn, PrimaryContainer: { Image: image } }
    expect((await refused(clients.sagemaker.createModel(model))).message).toContain(RoleArn)
    const trust = (Service: string) =>
      JSON.stringify({
        Version: '2012-10-17',
        Statement: [{ Effect: 'Allow', Principal: { Service }, Action: 'sts:AssumeRole' }],
      })
    await iam.createRole({ RoleName: 'NotThere', AssumeRolePolicyDocument: trust('ec2.amazonaws.com') })
    expect((await refused(job('other-trust'))).message).toBe(words)
    const { Roles } = await iam.listRoles({})
    expect(Roles?.map(({ RoleName }) => RoleName)).toContain('NotThere')
    expect((await clients.sagemaker.listTrainingJobs({})).TrainingJobSummaries).toEqual([])
    expect((await clients.sagemaker.listModels({})).Models).toEqual([])

    const PolicyDocument = trust('sagemaker.amazonaws.com')
    await iam.updateAssumeRolePolicy({ RoleName: 'NotThere', PolicyDocument })
    await clients.sagemaker.createModel(model)
    expect((await clients.sagemaker.describeModel({ ModelName: 'no-role' })).ExecutionRoleArn).toBe(RoleArn)
  } finally {
    iam.destroy()
  }
})
