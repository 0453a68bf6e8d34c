import { expect, test } from 'vitest'
import { CreateRole } from '../role/create-role.ts'
import { GetRole } from '../role/get-role.ts'
import { openTestIdentity } from '../testing.ts'
import { CreateUser, DeleteUser } from '../user/users.ts'
import { CreateAccessKey, DeleteAccessKey, UpdateAccessKey } from './access-keys.ts'

async function twoServers() {
  const one = await openTestIdentity()
  const { accessKeyId } = await one.bootstrap()
  const two = await openTestIdentity('auto', one.store)
  const ctx = await one.as(accessKeyId)
  await CreateUser.handle({ UserName: 'ann' }, ctx)
  const { AccessKey } = await CreateAccessKey.handle({ UserName: 'ann' }, ctx)
  return {
    one,
    two,
    ctx,
    key: { UserName: 'ann', AccessKeyId: AccessKey.AccessKeyId },
    secret: AccessKey.SecretAccessKey,
  }
}

test('a key that another server made is found', async () => {
  const { two, key, secret } = await twoServers()
  expect(await two.accessKeys.find(key.AccessKeyId)).toMatchObject({ secretAccessKey: secret })
  expect(await two.accessKeys.find('AKIA2222222222222222')).toBeUndefined()
})

test('a key that another server revoked stops working here within a minute', async () => {
  const { two, ctx, key } = await twoServers()
  expect(await two.accessKeys.find(key.AccessKeyId)).toBeDefined()
  await UpdateAccessKey.handle({ ...key, Status: 'Inactive' }, ctx)
  expect(await two.accessKeys.find(key.AccessKeyId)).toBeDefined()
  two.advance(60_000)
  await expect.poll(() => two.accessKeys.find(key.AccessKeyId)).toBeUndefined()
  await UpdateAccessKey.handle({ ...key, Status: 'Active' }, ctx)
  two.advance(60_000)
  await expect.poll(() => two.accessKeys.find(key.AccessKeyId)).toBeDefined()
  await DeleteAccessKey.handle(key, ctx)
  two.advance(60_000)
  await expect.poll(() => two.accessKeys.find(key.AccessKeyId)).toBeUndefined()
})

test('nobody reaches a key of another user or account through the API', async () => {
  const { one, ctx, key } = await twoServers()
  const stranger = await one.as((await one.createAccount()).accessKeyId)
  await CreateUser.handle({ UserName: 'ann' }, stranger)
  await CreateUser.handle({ UserName: 'bob' }, ctx)
  const gone = { name: 'NoSuchEntity', message: `The Access Key with id ${key.AccessKeyId} cannot be found.` }
  await expect(DeleteAccessKey.handle(key, stranger)).rejects.toMatchObject(gone)
  await expect(DeleteAccessKey.handle({ ...key, UserName: 'bob' }, ctx)).rejects.toMatchObject(gone)
  await DeleteUser.handle({ UserName: 'ann' }, stranger)
  expect(await one.accessKeys.find(key.AccessKeyId)).toBeDefined()
})

test('names that differ in case only are the same; what AWS keeps for itself is never made', async () => {
  const { ctx } = await twoServers()
  const AssumeRolePolicyDocument = JSON.stringify({
    Statement: { Effect: 'Allow', Principal: '*', Action: 'sts:AssumeRole' },
  })
  await CreateRole.handle({ RoleName: 'Role', AssumeRolePolicyDocument }, ctx)
  await expect(CreateRole.handle({ RoleName: 'rOLE', AssumeRolePolicyDocument }, ctx)).rejects.toMatchObject({
    name: 'EntityAlreadyExists',
    status: 409,
  })
  await expect(GetRole.handle({ RoleName: 'AWSServiceRoleForAutoScaling' }, ctx)).rejects.toMatchObject({
    name: 'NoSuchEntity',
    status: 404,
  })
})

test('strict mode makes nothing', async () => {
  const identity = await openTestIdentity('strict')
  const ctx = await identity.as((await identity.bootstrap()).accessKeyId)
  await expect(GetRole.handle({ RoleName: 'other' }, ctx)).rejects.toMatchObject({
    name: 'NoSuchEntity',
    message: 'The role with name other cannot be found.',
  })
})
