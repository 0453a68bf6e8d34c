import { ApiError } from '@sagebrush/core'
import { type IdentityContext, iamOperation } from '../context.ts'
import { pageOf } from '../paging.ts'
import { newAccessKeyId, newSecretAccessKey } from '../unique-ids.ts'
import { userOf } from '../user/change-user.ts'
import { userArn, userOwner } from '../user/user.ts'
import type { AccessKeyRecord } from './access-key.ts'

const MOST_KEYS = 2

export const CreateAccessKey = iamOperation('CreateAccessKey', async (input, ctx) => {
  const user = await userOf(ctx, input.UserName)
  if ((await ctx.keys.ofUser(userOwner(user))).length >= MOST_KEYS) {
    throw new ApiError('LimitExceeded', `Cannot exceed quota for AccessKeysPerUser: ${MOST_KEYS}`, { status: 409 })
  }
  const key: AccessKeyRecord = {
    accessKeyId: newAccessKeyId('AKIA'),
    secretAccessKey: newSecretAccessKey(),
    account: user.account,
    arn: userArn(user),
    userId: user.id,
    status: 'Active',
    created: ctx.now(),
    user: userOwner(user),
    userName: user.name,
  }
  await ctx.keys.add(key)
  return { AccessKey: { ...shown(key), SecretAccessKey: key.secretAccessKey } }
})

export const ListAccessKeys = iamOperation('ListAccessKeys', async (input, ctx) => {
  const user = await userOf(ctx, input.UserName)
  const page = pageOf(await ctx.keys.ofUser(userOwner(user)), input)
  return { AccessKeyMetadata: page.items.map(shown), ...page.more }
})

export const UpdateAccessKey = iamOperation('UpdateAccessKey', async (input, ctx) => {
  if (input.Status === 'Expired') {
    throw new ApiError('ValidationError', 'An access key can be made Active or Inactive; Expired is not a choice.')
  }
  const key = await keyOf(ctx, input.UserName, input.AccessKeyId)
  await ctx.keys.setStatus(key.accessKeyId, input.Status)
  return {}
})

export const DeleteAccessKey = iamOperation('DeleteAccessKey', async (input, ctx) => {
  const key = await keyOf(ctx, input.UserName, input.AccessKeyId)
  await ctx.keys.remove(key.accessKeyId)
  return {}
})

/** A key of that user, and of nobody else. */
async function keyOf(ctx: IdentityContext, userName: string | undefined, accessKeyId: string) {
  const user = await userOf(ctx, userName)
  const key = await ctx.keys.record(accessKeyId)
  if (key?.user === userOwner(user)) return key
  throw new ApiError('NoSuchEntity', `The Access Key with id ${accessKeyId} cannot be found.`, { status: 404 })
}

function shown(key: AccessKeyRecord) {
  return {
    UserName: key.userName ?? '',
    AccessKeyId: key.accessKeyId,
    Status: key.status,
    CreateDate: key.created,
  }
}
