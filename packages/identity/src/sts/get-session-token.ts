import { ApiError } from '@sagebrush/core'
import { stsOperation } from '../context.ts'
import { issueTemporary } from './role-session.ts'

const DEFAULT_SECONDS = 43_200

export const GetSessionToken = stsOperation('GetSessionToken', async (input, ctx) => {
  const { accessKeyId, account, arn, userId } = ctx.caller
  if (accessKeyId.startsWith('ASIA')) {
    throw new ApiError('AccessDenied', 'Cannot call GetSessionToken with session credentials', { status: 403 })
  }
  if (input.SerialNumber !== undefined || input.TokenCode !== undefined) {
    throw new ApiError(
      'AccessDenied',
      'MultiFactorAuthentication failed: no MFA device is known here. Leave SerialNumber and TokenCode out.',
      { status: 403 },
    )
  }
  const seconds = input.DurationSeconds ?? DEFAULT_SECONDS
  const issued = await issueTemporary(ctx.keys, { account, arn, userId }, ctx.now(), seconds)
  return {
    Credentials: {
      AccessKeyId: issued.accessKeyId,
      SecretAccessKey: issued.secretAccessKey,
      SessionToken: issued.sessionToken,
      Expiration: issued.expires,
    },
  }
})
