import { createServer } from 'node:http'
import {
  AttachRolePolicyCommand,
  AttachUserPolicyCommand,
  CreateAccessKeyCommand,
  CreatePolicyCommand,
  CreatePolicyVersionCommand,
  CreateRoleCommand,
  CreateUserCommand,
  DeleteAccessKeyCommand,
  DeletePolicyCommand,
  DeletePolicyVersionCommand,
  DeleteRoleCommand,
  DeleteRolePolicyCommand,
  DeleteUserCommand,
  DetachRolePolicyCommand,
  DetachUserPolicyCommand,
  GetPolicyCommand,
  GetPolicyVersionCommand,
  GetRoleCommand,
  GetRolePolicyCommand,
  GetUserCommand,
  IAMClient,
  ListAccessKeysCommand,
  ListAttachedRolePoliciesCommand,
  ListEntitiesForPolicyCommand,
  ListPoliciesCommand,
  ListPolicyVersionsCommand,
  ListRolePoliciesCommand,
  ListRolesCommand,
  ListRoleTagsCommand,
  PutRolePermissionsBoundaryCommand,
  PutRolePolicyCommand,
  SetDefaultPolicyVersionCommand,
  SimulateCustomPolicyCommand,
  SimulatePrincipalPolicyCommand,
  TagRoleCommand,
  UntagRoleCommand,
  UpdateAccessKeyCommand,
  UpdateAssumeRolePolicyCommand,
  UpdateRoleCommand,
} from '@aws-sdk/client-iam'
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts'
import { createGateway, hostService } from '@sagebrush/protocols'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openTestIdentity } from './testing.ts'

/** Identity behind a real gateway on loopback, and the official clients. The clock is the machine's: they sign with it. */
async function openWireIdentity() {
  const identity = await openTestIdentity('auto', undefined, () => new Date())
  const services = (['sts', 'iam'] as const).map((model) =>
    hostService({
      model,
      operations: identity[model].operations,
      context: (request) => ({ ...request, ...identity[model].context }),
    }),
  )
  const failures: unknown[] = []
  const gateway = createGateway({
    services,
    accessKeys: identity.accessKeys,
    now: () => new Date(),
    log: ({ error }) => failures.push(error),
  })
  const server = createServer()
  gateway.attach(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const endpoint = `http://127.0.0.1:${address.port}`
  const home = await identity.bootstrap()
  const clients: { destroy(): void }[] = []
  return {
    ...identity,
    home,
    failures,
    clients: (credentials: { accessKeyId: string; secretAccessKey: string; sessionToken?: string } = home) => {
      const options = { region: 'us-east-1', endpoint, credentials, maxAttempts: 1 }
      const made = { iam: new IAMClient(options), sts: new STSClient(options) }
      clients.push(made.iam, made.sts)
      return made
    },
    close: async () => {
      for (const client of clients) client.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const policy = (...Statement: readonly object[]) => JSON.stringify({ Version: '2012-10-17', Statement })
const TRUST = policy({ Effect: 'Allow', Principal: { Service: 'sagemaker.amazonaws.com' }, Action: 'sts:AssumeRole' })
const READ = policy({ Effect: 'Allow', Action: 's3:Get*', Resource: 'arn:aws:s3:::data/*' })

let server: Awaited<ReturnType<typeof openWireIdentity>>
let iam: ReturnType<typeof server.clients>['iam']
let sts: ReturnType<typeof server.clients>['sts']

beforeAll(async () => {
  server = await openWireIdentity()
  ;({ iam, sts } = server.clients())
})

afterAll(async () => {
  await server.close()
  expect(server.failures).toEqual([])
})

test('the caller is a session of the execution role, as the Python SDK needs it', async () => {
  const caller = await sts.send(new GetCallerIdentityCommand({}))
  expect(caller.Arn).toBe(`arn:aws:sts::${server.home.account}:assumed-role/AmazonSageMaker-ExecutionRole/SageMaker`)
  const RoleName = caller.Arn?.split('/')[1]
  const { Role } = await iam.send(new GetRoleCommand({ RoleName }))
  expect(Role?.Arn).toBe(server.home.roleArn)
  expect(JSON.parse(decodeURIComponent(Role?.AssumeRolePolicyDocument ?? '')).Statement[0].Principal.Service).toBe(
    'sagemaker.amazonaws.com',
  )
  const ActionNames = ['ecr:GetAuthorizationToken', 'cloudwatch:PutMetricData', 'ec2:DescribeVpcs', 's3:PutObject']
  const simulated = await iam.send(new SimulatePrincipalPolicyCommand({ PolicySourceArn: Role?.Arn, ActionNames }))
  expect(simulated.IsTruncated).toBe(false)
  expect(simulated.EvaluationResults?.map((it) => [it.EvalActionName, it.EvalDecision])).toEqual(
    ActionNames.map((name) => [name, 'allowed']),
  )
})

test('a session works with its token, and only with it; a revoked key and a wrong secret do not', async () => {
  const RoleArn = `arn:aws:iam::${server.home.account}:role/wire`
  const { Credentials } = await sts.send(new AssumeRoleCommand({ RoleArn, RoleSessionName: 'me' }))
  const credentials = {
    accessKeyId: Credentials?.AccessKeyId ?? '',
    secretAccessKey: Credentials?.SecretAccessKey ?? '',
    sessionToken: Credentials?.SessionToken ?? '',
  }
  const whoami = (with_: Parameters<typeof server.clients>[0]) =>
    server.clients(with_).sts.send(new GetCallerIdentityCommand({}))
  expect((await whoami(credentials)).Arn).toBe(`arn:aws:sts::${server.home.account}:assumed-role/wire/me`)
  await expect(whoami({ ...credentials, sessionToken: 'x' })).rejects.toMatchObject({ name: 'InvalidClientTokenId' })
  await expect(whoami({ ...server.home, secretAccessKey: 'x' })).rejects.toMatchObject({
    name: 'SignatureDoesNotMatch',
  })
})

test('users and their keys', async () => {
  const UserName = 'ann'
  await iam.send(new CreateUserCommand({ UserName, Path: '/team/', Tags: [{ Key: 'a', Value: '1' }] }))
  await expect(iam.send(new CreateUserCommand({ UserName: 'ANN' }))).rejects.toMatchObject({
    name: 'EntityAlreadyExistsException',
    message: 'User with name ANN already exists.',
  })
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName }))
  const ann = server.clients({
    accessKeyId: AccessKey?.AccessKeyId ?? '',
    secretAccessKey: AccessKey?.SecretAccessKey ?? '',
  })
  const { User } = await ann.iam.send(new GetUserCommand({}))
  expect(User).toMatchObject({ UserName, Arn: `arn:aws:iam::${server.home.account}:user/team/ann` })
  expect((await ann.sts.send(new GetCallerIdentityCommand({}))).Arn).toBe(User?.Arn)
  await iam.send(new CreateAccessKeyCommand({ UserName }))
  await expect(iam.send(new CreateAccessKeyCommand({ UserName }))).rejects.toMatchObject({
    message: 'Cannot exceed quota for AccessKeysPerUser: 2',
  })
  const { AccessKeyId } = AccessKey ?? {}
  await iam.send(new UpdateAccessKeyCommand({ UserName, AccessKeyId, Status: 'Inactive' }))
  await expect(ann.sts.send(new GetCallerIdentityCommand({}))).rejects.toMatchObject({ name: 'InvalidClientTokenId' })
  await iam.send(new UpdateAccessKeyCommand({ UserName, AccessKeyId, Status: 'Active' }))
  expect((await ann.sts.send(new GetCallerIdentityCommand({}))).Arn).toBe(User?.Arn)
  await expect(iam.send(new DeleteUserCommand({ UserName }))).rejects.toMatchObject({
    name: 'DeleteConflictException',
    message: 'Cannot delete entity, must delete access keys first.',
  })
  const { AccessKeyMetadata } = await iam.send(new ListAccessKeysCommand({ UserName }))
  expect(AccessKeyMetadata).toHaveLength(2)
  for (const key of AccessKeyMetadata ?? []) {
    await iam.send(new DeleteAccessKeyCommand({ UserName, AccessKeyId: key.AccessKeyId }))
  }
  await expect(ann.sts.send(new GetCallerIdentityCommand({}))).rejects.toMatchObject({ name: 'InvalidClientTokenId' })
  await iam.send(new DeleteUserCommand({ UserName }))
  await expect(iam.send(new GetUserCommand({ UserName }))).rejects.toMatchObject({
    name: 'NoSuchEntityException',
    message: 'The user with name ann cannot be found.',
  })
})

test('a role from its making to its end', async () => {
  const RoleName = 'life'
  const { Role } = await iam.send(
    new CreateRoleCommand({
      RoleName,
      Path: '/a/b/',
      AssumeRolePolicyDocument: TRUST,
      Tags: [{ Key: 'k', Value: 'v' }],
    }),
  )
  expect(Role?.Arn).toBe(`arn:aws:iam::${server.home.account}:role/a/b/life`)
  const again = new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: TRUST })
  await expect(iam.send(again)).rejects.toMatchObject({ message: 'Role with name life already exists.' })
  const noPrincipal = new UpdateAssumeRolePolicyCommand({ RoleName, PolicyDocument: READ })
  await expect(iam.send(noPrincipal)).rejects.toMatchObject({ name: 'MalformedPolicyDocumentException' })
  await iam.send(new UpdateRoleCommand({ RoleName, Description: 'd', MaxSessionDuration: 7200 }))
  await iam.send(new TagRoleCommand({ RoleName, Tags: [{ Key: 'l', Value: 'w' }] }))
  await iam.send(new UntagRoleCommand({ RoleName, TagKeys: ['k'] }))
  expect((await iam.send(new ListRoleTagsCommand({ RoleName }))).Tags).toEqual([{ Key: 'l', Value: 'w' }])
  expect((await iam.send(new GetRoleCommand({ RoleName }))).Role).toMatchObject({
    Description: 'd',
    MaxSessionDuration: 7200,
    Tags: [{ Key: 'l', Value: 'w' }],
  })
  expect((await iam.send(new ListRolesCommand({ PathPrefix: '/a/' }))).Roles?.map((it) => it.RoleName)).toEqual([
    'life',
  ])
  await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: 'p', PolicyDocument: READ }))
  const got = await iam.send(new GetRolePolicyCommand({ RoleName, PolicyName: 'p' }))
  expect(decodeURIComponent(got.PolicyDocument ?? '')).toBe(READ)
  expect((await iam.send(new ListRolePoliciesCommand({ RoleName }))).PolicyNames).toEqual(['p'])
  const PolicyArn = 'arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess'
  await iam.send(new AttachRolePolicyCommand({ RoleName, PolicyArn }))
  await iam.send(new AttachRolePolicyCommand({ RoleName, PolicyArn }))
  expect((await iam.send(new ListAttachedRolePoliciesCommand({ RoleName }))).AttachedPolicies).toEqual([
    { PolicyName: 'AmazonS3ReadOnlyAccess', PolicyArn },
  ])
  const gone = () => iam.send(new DeleteRoleCommand({ RoleName }))
  await expect(gone()).rejects.toMatchObject({ message: 'Cannot delete entity, must detach all policies first.' })
  await iam.send(new DetachRolePolicyCommand({ RoleName, PolicyArn }))
  await expect(iam.send(new DetachRolePolicyCommand({ RoleName, PolicyArn }))).rejects.toMatchObject({
    name: 'NoSuchEntityException',
    message: `Policy ${PolicyArn} was not found.`,
  })
  await expect(gone()).rejects.toMatchObject({ message: 'Cannot delete entity, must delete policies first.' })
  await iam.send(new DeleteRolePolicyCommand({ RoleName, PolicyName: 'p' }))
  await gone()
  await expect(gone()).rejects.toMatchObject({ message: 'The role with name life cannot be found.' })
  await expect(iam.send(new AttachRolePolicyCommand({ RoleName: 'wire2', PolicyArn }))).rejects.toMatchObject({
    name: 'NoSuchEntityException',
  })
})

test('a managed policy with its versions and uses', async () => {
  const made = await iam.send(new CreatePolicyCommand({ PolicyName: 'mine', PolicyDocument: READ, Description: 'x' }))
  const PolicyArn = made.Policy?.Arn ?? ''
  expect(PolicyArn).toBe(`arn:aws:iam::${server.home.account}:policy/mine`)
  const WRITE = READ.replace('s3:Get*', 's3:Put*')
  const second = await iam.send(
    new CreatePolicyVersionCommand({ PolicyArn, PolicyDocument: WRITE, SetAsDefault: true }),
  )
  expect(second.PolicyVersion).toMatchObject({ VersionId: 'v2', IsDefaultVersion: true })
  const text = await iam.send(new GetPolicyVersionCommand({ PolicyArn, VersionId: 'v2' }))
  expect(decodeURIComponent(text.PolicyVersion?.Document ?? '')).toBe(WRITE)
  await iam.send(new SetDefaultPolicyVersionCommand({ PolicyArn, VersionId: 'v1' }))
  expect(
    (await iam.send(new ListPolicyVersionsCommand({ PolicyArn }))).Versions?.map((it) => it.IsDefaultVersion),
  ).toEqual([false, true])
  await iam.send(new CreateUserCommand({ UserName: 'bob' }))
  await iam.send(new AttachUserPolicyCommand({ UserName: 'bob', PolicyArn }))
  expect((await iam.send(new GetPolicyCommand({ PolicyArn }))).Policy).toMatchObject({
    AttachmentCount: 1,
    Description: 'x',
  })
  expect((await iam.send(new ListEntitiesForPolicyCommand({ PolicyArn }))).PolicyUsers?.[0]?.UserName).toBe('bob')
  expect((await iam.send(new ListPoliciesCommand({ Scope: 'Local' }))).Policies?.map((it) => it.Arn)).toEqual([
    PolicyArn,
  ])
  const aws = await iam.send(new ListPoliciesCommand({ Scope: 'AWS', MaxItems: 2 }))
  expect(aws.IsTruncated).toBe(true)
  expect(
    (await iam.send(new ListPoliciesCommand({ Scope: 'AWS', Marker: aws.Marker }))).Policies?.length,
  ).toBeGreaterThan(5)
  const remove = () => iam.send(new DeletePolicyCommand({ PolicyArn }))
  await expect(remove()).rejects.toMatchObject({ message: 'Cannot delete a policy attached to entities.' })
  await iam.send(new DetachUserPolicyCommand({ UserName: 'bob', PolicyArn }))
  await expect(remove()).rejects.toMatchObject({ message: expect.stringContaining('more than one version') })
  await iam.send(new DeletePolicyVersionCommand({ PolicyArn, VersionId: 'v2' }))
  await remove()
  await expect(iam.send(new GetPolicyCommand({ PolicyArn }))).rejects.toMatchObject({
    name: 'NoSuchEntityException',
    message: `Policy ${PolicyArn} was not found.`,
  })
  const unknown = new AttachUserPolicyCommand({ UserName: 'bob', PolicyArn: 'arn:aws:iam::aws:policy/Nothing' })
  await expect(iam.send(unknown)).rejects.toMatchObject({
    message: expect.stringMatching(/does not exist or is not attachable.*AmazonSageMakerFullAccess/),
  })
})

test('simulation evaluates what is attached: allows, denials, conditions, the boundary', async () => {
  const RoleName = 'sim'
  const { Role } = await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: TRUST }))
  const simulate = async (ActionNames: string[], more: object = {}) => {
    const command = new SimulatePrincipalPolicyCommand({ PolicySourceArn: Role?.Arn, ActionNames, ...more })
    return (await iam.send(command)).EvaluationResults ?? []
  }
  expect((await simulate(['s3:GetObject']))[0]).toMatchObject({ EvalDecision: 'implicitDeny', EvalResourceName: '*' })
  const document = policy(
    { Effect: 'Allow', Action: 's3:*', Resource: 'arn:aws:s3:::data/*' },
    { Effect: 'Deny', Action: 's3:Delete*', Resource: '*' },
    {
      Effect: 'Allow',
      Action: 'iam:PassRole',
      Resource: '*',
      Condition: { StringEquals: { 'iam:PassedToService': 'x' } },
    },
  )
  await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: 'p', PolicyDocument: document }))
  const data = { ResourceArns: ['arn:aws:s3:::data/k', 'arn:aws:s3:::other/k'] }
  const results = await simulate(['s3:GetObject', 's3:DeleteObject'], data)
  expect(results.map((it) => [it.EvalActionName, it.EvalResourceName, it.EvalDecision])).toEqual([
    ['s3:GetObject', 'arn:aws:s3:::data/k', 'allowed'],
    ['s3:GetObject', 'arn:aws:s3:::other/k', 'implicitDeny'],
    ['s3:DeleteObject', 'arn:aws:s3:::data/k', 'explicitDeny'],
    ['s3:DeleteObject', 'arn:aws:s3:::other/k', 'explicitDeny'],
  ])
  expect(results[0]?.MatchedStatements).toEqual([{ SourcePolicyId: 'role_sim_p', SourcePolicyType: 'role' }])
  expect(results[1]?.ResourceSpecificResults?.map((it) => it.EvalResourceDecision)).toEqual(['implicitDeny'])
  const [pass] = await simulate(['iam:PassRole'])
  expect(pass).toMatchObject({ EvalDecision: 'implicitDeny', MissingContextValues: ['iam:PassedToService'] })
  const entry = { ContextKeyName: 'iam:PassedToService', ContextKeyType: 'string', ContextKeyValues: ['x'] }
  expect((await simulate(['iam:PassRole'], { ContextEntries: [entry] }))[0]?.EvalDecision).toBe('allowed')
  const PermissionsBoundary = 'arn:aws:iam::aws:policy/IAMReadOnlyAccess'
  await iam.send(new PutRolePermissionsBoundaryCommand({ RoleName, PermissionsBoundary }))
  expect((await simulate(['s3:GetObject'], { ResourceArns: ['arn:aws:s3:::data/k'] }))[0]).toMatchObject({
    EvalDecision: 'implicitDeny',
    PermissionsBoundaryDecisionDetail: { AllowedByPermissionsBoundary: false },
  })
  await expect(simulate(['s3:GetObject'], { ResourcePolicy: document })).rejects.toMatchObject({
    name: 'InvalidInputException',
    message: 'ResourcePolicy is not simulated here: leave it out.',
  })
  const custom = new SimulateCustomPolicyCommand({ PolicyInputList: [document], ActionNames: ['s3:DeleteObject'] })
  expect((await iam.send(custom)).EvaluationResults?.[0]?.EvalDecision).toBe('explicitDeny')
  const wrong = new SimulatePrincipalPolicyCommand({
    PolicySourceArn: 'arn:aws:s3:::bucket/xyzxyzxyz',
    ActionNames: ['s3:*'],
  })
  await expect(iam.send(wrong)).rejects.toMatchObject({ name: 'InvalidInputException' })
})

test('a role holds 25 managed policies, as many as AWS ever grants', async () => {
  const RoleName = 'many'
  await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: TRUST }))
  const attach = async (number: number) => {
    const made = await iam.send(new CreatePolicyCommand({ PolicyName: `many-${number}`, PolicyDocument: READ }))
    await iam.send(new AttachRolePolicyCommand({ RoleName, PolicyArn: made.Policy?.Arn }))
  }
  for (let number = 1; number <= 25; number++) await attach(number)
  await expect(attach(26)).rejects.toMatchObject({
    name: 'LimitExceededException',
    message: 'Cannot exceed quota for PoliciesPerRole: 25',
  })
  const { AttachedPolicies } = await iam.send(new ListAttachedRolePoliciesCommand({ RoleName }))
  expect(AttachedPolicies?.map(({ PolicyName }) => PolicyName)).toEqual(
    Array.from({ length: 25 }, (_, index) => `many-${index + 1}`),
  )
})
