import { expect, test } from 'vitest'
import { GetRole } from '../role/get-role.ts'
import { GetCallerIdentity } from '../sts/get-caller-identity.ts'
import { openTestIdentity } from '../testing.ts'

test('a first start makes an account, a key of a role session, and the role', async () => {
  const identity = await openTestIdentity()
  const credentials = await identity.bootstrap()
  expect(credentials.account).toMatch(/^[1-9]\d{11}$/)
  expect(credentials.accessKeyId).toMatch(/^AKIA[A-Z2-7]{16}$/)
  expect(credentials.secretAccessKey).toMatch(/^[A-Za-z0-9+/]{40}$/)
  const ctx = await identity.as(credentials.accessKeyId)
  const caller = await GetCallerIdentity.handle({}, ctx)
  expect(caller.Account).toBe(credentials.account)
  expect(caller.Arn).toBe(`arn:aws:sts::${credentials.account}:assumed-role/AmazonSageMaker-ExecutionRole/SageMaker`)
  const { Role } = await GetRole.handle({ RoleName: 'AmazonSageMaker-ExecutionRole' }, ctx)
  expect(Role.Arn).toBe(`arn:aws:iam::${credentials.account}:role/service-role/AmazonSageMaker-ExecutionRole`)
  expect(Role.Arn).toBe(credentials.roleArn)
  expect(caller.UserId).toBe(`${Role.RoleId}:SageMaker`)
  expect(Role.AssumeRolePolicyDocument).toMatch(/^%7B%22Version%22/)
  const trust = JSON.parse(decodeURIComponent(Role.AssumeRolePolicyDocument ?? ''))
  expect(trust.Statement[0].Principal).toEqual({ Service: 'sagemaker.amazonaws.com' })
})

test('later starts find the same account and key, and several at once agree', async () => {
  const first = await openTestIdentity()
  const made = await Promise.all([first.bootstrap(), first.bootstrap(), first.bootstrap()])
  expect(new Set(made.map((credentials) => JSON.stringify(credentials))).size).toBe(1)
  const second = await openTestIdentity('auto', first.store)
  expect(await second.bootstrap()).toEqual(made[0])
  expect(await second.bootstrap('123456789012')).toMatchObject({ account: '123456789012' })
  expect((await second.bootstrap()).account).toBe(made[0]?.account)
})

test("an account that the first start was given stays the home's where a later start is given none", async () => {
  const first = await openTestIdentity()
  const made = await first.bootstrap('123456789012')
  const second = await openTestIdentity('auto', first.store)
  expect(await second.bootstrap()).toEqual(made)
})

test('a start that died before its key was written is finished by the next', async () => {
  const identity = await openTestIdentity()
  const before = await identity.bootstrap()
  await identity.iam.context.keys.remove(before.accessKeyId)
  const after = await identity.bootstrap()
  expect(after.accessKeyId).toBe(before.accessKeyId)
  expect(await identity.accessKeys.find(after.accessKeyId)).toMatchObject({ secretAccessKey: after.secretAccessKey })
})

test.each(['12345678901', '1234567890123', '12345678901a', '000000000000', ''])(
  'refuses the account %j',
  async (account) => {
    const identity = await openTestIdentity()
    await expect(identity.bootstrap(account)).rejects.toThrow(`12 digits`)
  },
)

test('never logs a secret', async () => {
  const identity = await openTestIdentity()
  const { secretAccessKey } = await identity.bootstrap()
  expect(identity.logged).toHaveLength(1)
  expect(JSON.stringify(identity.logged)).not.toContain(secretAccessKey)
})
