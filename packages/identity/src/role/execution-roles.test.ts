import { expect, test } from 'vitest'
import { openTestIdentity } from '../testing.ts'
import { CreateRole } from './create-role.ts'
import { GetRole } from './get-role.ts'
import { ListRoles } from './list-roles.ts'

const scope = (account: string) => ({ account, region: 'us-east-1' })

test('auto mode makes a role that a request names, once, and says so', async () => {
  const identity = await openTestIdentity()
  const { account, accessKeyId } = await identity.bootstrap()
  const arn = `arn:aws:iam::${account}:role/service-role/MyRole`
  const made = await Promise.all([
    identity.roles.require(scope(account), arn),
    identity.roles.require(scope(account), arn),
  ])
  expect(made.filter(({ created }) => created).length).toBeGreaterThanOrEqual(1)
  expect(await identity.roles.require(scope(account), arn)).toEqual({ created: false })
  expect(identity.logged.filter(({ message }) => message.includes(arn))).toEqual([
    {
      level: 'info',
      message: `Role ${arn} did not exist: made it, with a trust of sagemaker.amazonaws.com`,
      fields: { resource: arn },
    },
  ])
  const { Role } = await GetRole.handle({ RoleName: 'MyRole' }, await identity.as(accessKeyId))
  expect(Role.Arn).toBe(arn)
})

test('a role of an account that this home does not have stands for the same name in the own account', async () => {
  const identity = await openTestIdentity()
  const { account } = await identity.bootstrap()
  const other = await identity.createAccount()
  const foreign = 'arn:aws:iam::555566667777:role/SageMakerRole'
  expect(await identity.roles.require(scope(account), foreign)).toEqual({ created: true })
  const issued = await identity.roles.credentials(scope(account), foreign, 'job-1', 600)
  expect(await identity.accessKeys.find(issued.accessKeyId)).toMatchObject({
    account,
    arn: `arn:aws:sts::${account}:assumed-role/SageMakerRole/job-1`,
  })
  await expect(identity.roles.require(scope(account), other.roleArn)).rejects.toThrow(
    `Could not assume role ${other.roleArn}.`,
  )
})

test('strict mode refuses in the words of AWS', async () => {
  const identity = await openTestIdentity('strict')
  const { account, roleArn } = await identity.bootstrap()
  const arn = `arn:aws:iam::${account}:role/nobody`
  expect(await identity.roles.require(scope(account), roleArn)).toEqual({ created: false })
  await expect(identity.roles.require(scope(account), arn)).rejects.toMatchObject({
    name: 'ValidationException',
    status: 400,
    message: `Could not assume role ${arn}. Please ensure that the role exists and allows principal 'sagemaker.amazonaws.com' to assume the role.`,
  })
  await expect(identity.roles.require(scope(account), 'arn:aws:iam::555566667777:role/r')).rejects.toThrow('Could not')
})

test('a role whose trust leaves SageMaker out, or whose path is another, is refused in auto mode, too', async () => {
  const identity = await openTestIdentity()
  const { account, accessKeyId } = await identity.bootstrap()
  const trust = (Service: string) =>
    JSON.stringify({
      Version: '2012-10-17',
      Statement: { Effect: 'Allow', Principal: { Service }, Action: 'sts:AssumeRole' },
    })
  const ctx = await identity.as(accessKeyId)
  await CreateRole.handle({ RoleName: 'lambda', AssumeRolePolicyDocument: trust('lambda.amazonaws.com') }, ctx)
  await CreateRole.handle(
    { RoleName: 'ok', Path: '/team/', AssumeRolePolicyDocument: trust('sagemaker.amazonaws.com') },
    ctx,
  )
  const require = (place: string) => identity.roles.require(scope(account), `arn:aws:iam::${account}:role${place}`)
  await expect(require('/lambda')).rejects.toMatchObject({ name: 'ValidationException' })
  await expect(require('/ok')).rejects.toMatchObject({ name: 'ValidationException' })
  expect(await require('/team/ok')).toEqual({ created: false })
  await expect(identity.roles.require(scope(account), 'no-arn')).rejects.toThrow('Could not assume role no-arn.')
})

test("a task's credentials expire, survive a restart and are swept a day later", async () => {
  const identity = await openTestIdentity()
  const { account, roleArn } = await identity.bootstrap()
  const issued = await identity.roles.credentials(scope(account), roleArn, 'job-1', 3600)
  expect(issued.accessKeyId).toMatch(/^ASIA[A-Z2-7]{16}$/)
  expect(issued.expires.toISOString()).toBe('2026-01-02T04:04:05.000Z')
  const restarted = await openTestIdentity('auto', identity.store)
  expect(await restarted.accessKeys.find(issued.accessKeyId)).toMatchObject({
    secretAccessKey: issued.secretAccessKey,
    sessionToken: issued.sessionToken,
    expires: issued.expires,
  })
  identity.advance(3600_000)
  expect(await identity.sweep()).toBe(0)
  expect(await identity.accessKeys.find(issued.accessKeyId)).toMatchObject({ expires: issued.expires })
  identity.advance(24 * 3600_000)
  expect(await identity.sweep()).toBe(1)
  expect(await identity.accessKeys.find(issued.accessKeyId)).toBeUndefined()
})

test('two accounts with the same names see nothing of each other', async () => {
  const identity = await openTestIdentity()
  const one = await identity.bootstrap()
  const two = await identity.createAccount()
  expect(two.account).not.toBe(one.account)
  for (const { account } of [one, two]) {
    await identity.roles.require(scope(account), `arn:aws:iam::${account}:role/same`)
  }
  await identity.roles.require(scope(two.account), `arn:aws:iam::${two.account}:role/two-only`)
  const list = async (accessKeyId: string) => {
    const { Roles } = await ListRoles.handle({}, await identity.as(accessKeyId))
    return Roles.map((role) => role.Arn)
  }
  expect(await list(one.accessKeyId)).toEqual([one.roleArn, `arn:aws:iam::${one.account}:role/same`])
  expect(await list(two.accessKeyId)).toEqual([
    two.roleArn,
    `arn:aws:iam::${two.account}:role/same`,
    `arn:aws:iam::${two.account}:role/two-only`,
  ])
})
