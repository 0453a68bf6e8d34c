import { CreateRoleCommand, GetRoleCommand, IAMClient, SimulatePrincipalPolicyCommand } from '@aws-sdk/client-iam'
import {
  AssumeRoleCommand,
  AssumeRoleWithWebIdentityCommand,
  GetCallerIdentityCommand,
  STSClient,
} from '@aws-sdk/client-sts'
import { ApiError } from '@sagebrush/core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ToyServer } from '../testing/toy-server.ts'

const toy = new ToyServer()
let sts: STSClient
let iam: IAMClient

beforeAll(async () => {
  await toy.start({ without: ['AssumeRoleWithWebIdentity'] })
  sts = new STSClient(toy.client)
  iam = new IAMClient(toy.client)
})
afterAll(async () => {
  sts.destroy()
  iam.destroy()
  await toy.stop()
})

test('an answer with its result and request id', async () => {
  toy.respond = ({ ctx }) => ({ Account: ctx.caller.account, Arn: ctx.caller.arn, UserId: 'a<&>b' })
  const answer = await sts.send(new GetCallerIdentityCommand({}))
  expect(answer).toMatchObject({
    Account: '123456789012',
    UserId: 'a<&>b',
    $metadata: { requestId: toy.calls.at(-1)?.ctx.requestId },
  })
})

test('lists of structures, numbers and times', async () => {
  toy.respond = () => ({
    Credentials: {
      AccessKeyId: 'A',
      SecretAccessKey: 's',
      SessionToken: 't',
      Expiration: new Date('2030-01-02T03:04:05Z'),
    },
  })
  const input = {
    RoleArn: 'arn:aws:iam::123456789012:role/some',
    RoleSessionName: 'session',
    DurationSeconds: 900,
    Tags: [
      { Key: 'a', Value: '1 +/=' },
      { Key: 'ü', Value: '' },
    ],
    PolicyArns: [],
  }
  const answer = await sts.send(new AssumeRoleCommand(input))
  expect(toy.calls.at(-1)?.input).toEqual(input)
  expect(answer.Credentials?.Expiration?.toISOString()).toBe('2030-01-02T03:04:05.000Z')
})

test('lists of text, and answers in lists', async () => {
  toy.respond = () => ({
    EvaluationResults: [{ EvalActionName: 's3:GetObject', EvalDecision: 'allowed' }],
    IsTruncated: false,
  })
  const ActionNames = Array.from({ length: 12 }, (_, i) => `s3:Action${i}`)
  const answer = await iam.send(
    new SimulatePrincipalPolicyCommand({ PolicySourceArn: 'arn:aws:iam::123456789012:role/x', ActionNames }),
  )
  expect(toy.calls.at(-1)?.input.ActionNames).toEqual(ActionNames)
  expect(answer).toMatchObject({ EvaluationResults: [{ EvalDecision: 'allowed' }], IsTruncated: false })
})

test('an exception goes by its code', async () => {
  toy.respond = () => {
    throw new ApiError('NoSuchEntityException', 'The role with name x cannot be found.', { status: 404 })
  }
  await expect(iam.send(new GetRoleCommand({ RoleName: 'x' }))).rejects.toMatchObject({
    name: 'NoSuchEntityException',
    message: 'The role with name x cannot be found.',
    $metadata: { httpStatusCode: 404 },
  })
})

test('violations are a ValidationError', async () => {
  const call = iam.send(new CreateRoleCommand({ RoleName: 'a b', AssumeRolePolicyDocument: '' }))
  await expect(call).rejects.toMatchObject({
    name: 'ValidationError',
    message: expect.stringMatching(
      /^3 validation errors detected: Value 'a b' at 'roleName' .*; Value '' at 'assumeRolePolicyDocument'/,
    ),
  })
})

test('no action, an unknown action, no signature', async () => {
  const unsigned = await fetch(toy.url, { method: 'POST', body: new URLSearchParams({ Action: 'GetCallerIdentity' }) })
  expect(unsigned.status).toBe(403)
  expect(await unsigned.text()).toMatch(
    /<Code>MissingAuthenticationToken<\/Code><Message>Request is missing Authentication Token</,
  )
})

test('an operation that is called unsigned is said not to be there yet', async () => {
  const input = { RoleArn: 'arn:aws:iam::123456789012:role/x', RoleSessionName: 'session', WebIdentityToken: 'a.b.c' }
  await expect(sts.send(new AssumeRoleWithWebIdentityCommand(input))).rejects.toMatchObject({
    name: 'NotImplemented',
    message:
      'AssumeRoleWithWebIdentity of AWS Security Token Service is not implemented by Sagebrush yet: see docs/api-coverage.md',
    $metadata: { httpStatusCode: 501 },
  })
})
