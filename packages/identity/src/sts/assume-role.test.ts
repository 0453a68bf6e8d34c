import { expect, test } from 'vitest'
import { CreateAccessKey } from '../access-key/access-keys.ts'
import { CreatePolicy } from '../policy/policies.ts'
import { CreateRole } from '../role/create-role.ts'
import { openTestIdentity } from '../testing.ts'
import { DeleteUserPermissionsBoundary, PutUserPermissionsBoundary, PutUserPolicy } from '../user/user-policies.ts'
import { CreateUser } from '../user/users.ts'
import { AssumeRole } from './assume-role.ts'
import { GetAccessKeyInfo } from './get-access-key-info.ts'
import { GetCallerIdentity } from './get-caller-identity.ts'
import { GetSessionToken } from './get-session-token.ts'

const policy = (...Statement: readonly object[]) => JSON.stringify({ Version: '2012-10-17', Statement })
const trust = (Principal: unknown, more: object = {}) =>
  policy({ Effect: 'Allow', Principal, Action: 'sts:AssumeRole', ...more })

async function withAccount(mode: 'auto' | 'strict' = 'auto') {
  const identity = await openTestIdentity(mode)
  const credentials = await identity.bootstrap()
  const ctx = await identity.as(credentials.accessKeyId)
  const arn = (name: string) => `arn:aws:iam::${credentials.account}:role/${name}`
  const makeRole = (RoleName: string, AssumeRolePolicyDocument: string, MaxSessionDuration?: number) =>
    CreateRole.handle(
      { RoleName, AssumeRolePolicyDocument, ...(MaxSessionDuration ? { MaxSessionDuration } : {}) },
      ctx,
    )
  const makeUser = async (UserName: string) => {
    await CreateUser.handle({ UserName }, ctx)
    const { AccessKey } = await CreateAccessKey.handle({ UserName }, ctx)
    return identity.as(AccessKey.AccessKeyId)
  }
  return { identity, credentials, ctx, arn, makeRole, makeUser }
}

test('auto mode makes the role and gives a session of it', async () => {
  const { identity, credentials, ctx, arn } = await withAccount()
  const answer = await AssumeRole.handle({ RoleArn: arn('new'), RoleSessionName: 'me', DurationSeconds: 43_200 }, ctx)
  expect(answer.AssumedRoleUser?.Arn).toBe(`arn:aws:sts::${credentials.account}:assumed-role/new/me`)
  expect(answer.Credentials?.Expiration.toISOString()).toBe('2026-01-02T15:04:05.000Z')
  const session = await identity.as(answer.Credentials?.AccessKeyId ?? '')
  expect(await GetCallerIdentity.handle({}, session)).toEqual({
    Account: credentials.account,
    Arn: answer.AssumedRoleUser?.Arn,
    UserId: answer.AssumedRoleUser?.AssumedRoleId,
  })
  const key = await identity.accessKeys.find(answer.Credentials?.AccessKeyId ?? '')
  expect(key?.sessionToken).toBe(answer.Credentials?.SessionToken)
})

test('strict mode knows no such role', async () => {
  const { ctx, arn, credentials } = await withAccount('strict')
  await expect(AssumeRole.handle({ RoleArn: arn('new'), RoleSessionName: 'me' }, ctx)).rejects.toMatchObject({
    name: 'AccessDenied',
    status: 403,
    message: `User: arn:aws:sts::${credentials.account}:assumed-role/AmazonSageMaker-ExecutionRole/SageMaker is not authorized to perform: sts:AssumeRole on resource: ${arn('new')}`,
  })
})

test('the trust policy decides, with the external id', async () => {
  const { ctx, arn, makeRole, credentials } = await withAccount()
  await makeRole('lambda', trust({ Service: 'lambda.amazonaws.com' }))
  await makeRole(
    'partner',
    trust({ AWS: credentials.roleArn }, { Condition: { StringEquals: { 'sts:ExternalId': 'x1' } } }),
  )
  const assume = (name: string, more: object = {}) =>
    AssumeRole.handle({ RoleArn: arn(name), RoleSessionName: 'me', ...more }, ctx)
  await expect(assume('lambda')).rejects.toMatchObject({ name: 'AccessDenied' })
  await expect(assume('partner')).rejects.toMatchObject({ name: 'AccessDenied' })
  await expect(assume('partner', { ExternalId: 'x2' })).rejects.toMatchObject({ name: 'AccessDenied' })
  expect((await assume('partner', { ExternalId: 'x1' })).Credentials?.AccessKeyId).toMatch(/^ASIA/)
})

test('a trust of the account needs the leave of the user; a Deny of the user wins over any trust', async () => {
  const { arn, ctx, makeRole, makeUser, credentials } = await withAccount()
  const ann = await makeUser('ann')
  await makeRole('by-account', trust({ AWS: credentials.account }))
  await makeRole('by-name', trust({ AWS: `arn:aws:iam::${credentials.account}:user/ann` }))
  const assume = (name: string) => AssumeRole.handle({ RoleArn: arn(name), RoleSessionName: 'me' }, ann)
  await expect(assume('by-account')).rejects.toMatchObject({ name: 'AccessDenied' })
  expect(await assume('by-name')).toHaveProperty('Credentials')
  const allowed = policy({ Effect: 'Allow', Action: 'sts:AssumeRole', Resource: arn('by-*') })
  await PutUserPolicy.handle({ UserName: 'ann', PolicyName: 'p', PolicyDocument: allowed }, ctx)
  expect(await assume('by-account')).toHaveProperty('Credentials')
  const denied = policy({ Effect: 'Deny', Action: 'sts:*', Resource: '*' })
  await PutUserPolicy.handle({ UserName: 'ann', PolicyName: 'q', PolicyDocument: denied }, ctx)
  await expect(assume('by-name')).rejects.toMatchObject({ name: 'AccessDenied' })
})

test('what the boundary of a user leaves out, no policy of the user allows', async () => {
  const { arn, ctx, makeRole, makeUser, credentials } = await withAccount()
  const ann = await makeUser('ann')
  await makeRole('by-account', trust({ AWS: credentials.account }))
  const allowed = policy({ Effect: 'Allow', Action: 'sts:AssumeRole', Resource: '*' })
  await PutUserPolicy.handle({ UserName: 'ann', PolicyName: 'p', PolicyDocument: allowed }, ctx)
  const boundary = async (PolicyName: string, ...Action: string[]) => {
    const PolicyDocument = policy({ Effect: 'Allow', Action, Resource: '*' })
    const { Policy } = await CreatePolicy.handle({ PolicyName, PolicyDocument }, ctx)
    await PutUserPermissionsBoundary.handle({ UserName: 'ann', PermissionsBoundary: Policy?.Arn ?? '' }, ctx)
  }
  const assume = () => AssumeRole.handle({ RoleArn: arn('by-account'), RoleSessionName: 'me' }, ann)
  await boundary('narrow', 's3:*')
  await expect(assume()).rejects.toMatchObject({ name: 'AccessDenied' })
  await boundary('wide', 's3:*', 'sts:AssumeRole')
  expect(await assume()).toHaveProperty('Credentials')
  await boundary('narrow-again', 's3:*')
  await DeleteUserPermissionsBoundary.handle({ UserName: 'ann' }, ctx)
  expect(await assume()).toHaveProperty('Credentials')
})

test('a role of another account needs its trust and the own leave', async () => {
  const { identity, credentials, ctx } = await withAccount()
  const other = await identity.createAccount()
  const there = await identity.as(other.accessKeyId)
  const RoleArn = `arn:aws:iam::${other.account}:role/shared`
  const assume = () => AssumeRole.handle({ RoleArn, RoleSessionName: 'me' }, ctx)
  await expect(assume()).rejects.toMatchObject({ name: 'AccessDenied' })
  const AssumeRolePolicyDocument = trust({ AWS: `arn:aws:iam::${credentials.account}:root` })
  await CreateRole.handle({ RoleName: 'shared', AssumeRolePolicyDocument }, there)
  const answer = await assume()
  expect(await GetAccessKeyInfo.handle({ AccessKeyId: answer.Credentials?.AccessKeyId ?? '' }, ctx)).toEqual({
    Account: other.account,
  })
})

test('a role of another account is known by its path, too', async () => {
  const { identity, credentials, ctx } = await withAccount()
  const other = await identity.createAccount()
  const there = await identity.as(other.accessKeyId)
  const AssumeRolePolicyDocument = trust({ AWS: `arn:aws:iam::${credentials.account}:root` })
  await CreateRole.handle({ RoleName: 'shared', Path: '/team/', AssumeRolePolicyDocument }, there)
  const assume = (path: string) =>
    AssumeRole.handle({ RoleArn: `arn:aws:iam::${other.account}:role${path}shared`, RoleSessionName: 'me' }, ctx)
  for (const path of ['/', '/other/']) await expect(assume(path)).rejects.toMatchObject({ name: 'AccessDenied' })
  expect(await assume('/team/')).toHaveProperty('Credentials')
})

test('durations: the maximum of the role, and an hour from session to session', async () => {
  const { identity, ctx, arn, makeRole, credentials } = await withAccount()
  await makeRole('short', trust({ AWS: credentials.account }), 3600)
  const input = { RoleArn: arn('short'), RoleSessionName: 'me', DurationSeconds: 3601 }
  await expect(AssumeRole.handle(input, ctx)).rejects.toMatchObject({
    name: 'ValidationError',
    message: 'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.',
  })
  const first = await AssumeRole.handle({ ...input, RoleArn: credentials.roleArn, DurationSeconds: 900 }, ctx)
  const session = await identity.as(first.Credentials?.AccessKeyId ?? '')
  await expect(AssumeRole.handle({ ...input, RoleArn: credentials.roleArn }, session)).rejects.toMatchObject({
    message: expect.stringContaining('role chaining'),
  })
})

test('a session is narrowed by the policy that it was given', async () => {
  const { identity, ctx, arn, credentials } = await withAccount()
  const Policy = policy({ Effect: 'Allow', Action: 's3:*', Resource: '*' })
  const narrow = await AssumeRole.handle({ RoleArn: credentials.roleArn, RoleSessionName: 'me', Policy }, ctx)
  const session = await identity.as(narrow.Credentials?.AccessKeyId ?? '')
  await expect(AssumeRole.handle({ RoleArn: arn('new'), RoleSessionName: 'me' }, session)).rejects.toMatchObject({
    name: 'AccessDenied',
  })
  const bad = { RoleArn: credentials.roleArn, RoleSessionName: 'me', Policy: '{' }
  await expect(AssumeRole.handle(bad, ctx)).rejects.toMatchObject({ name: 'MalformedPolicyDocument' })
})

test('what cannot be honoured is refused', async () => {
  const { ctx, arn } = await withAccount()
  const input = { RoleArn: arn('r'), RoleSessionName: 'me' }
  await expect(AssumeRole.handle({ ...input, RoleArn: 'arn:aws:iam::1:user/x' }, ctx)).rejects.toMatchObject({
    name: 'ValidationError',
    message: 'arn:aws:iam::1:user/x is invalid',
  })
  await expect(AssumeRole.handle({ ...input, SerialNumber: 'm', TokenCode: '123456' }, ctx)).rejects.toThrow('MFA')
})

test('session tokens are the same principal for a while, and beget no others', async () => {
  const { identity, ctx, makeUser, credentials } = await withAccount()
  const ann = await makeUser('ann')
  const { Credentials } = await GetSessionToken.handle({ DurationSeconds: 900 }, ann)
  expect(Credentials?.Expiration.toISOString()).toBe('2026-01-02T03:19:05.000Z')
  const session = await identity.as(Credentials?.AccessKeyId ?? '')
  expect((await GetCallerIdentity.handle({}, session)).Arn).toBe(`arn:aws:iam::${credentials.account}:user/ann`)
  await expect(GetSessionToken.handle({}, session)).rejects.toMatchObject({
    name: 'AccessDenied',
    message: 'Cannot call GetSessionToken with session credentials',
  })
  expect((await GetSessionToken.handle({}, ctx)).Credentials?.Expiration.toISOString()).toBe('2026-01-02T15:04:05.000Z')
})
