import type { RoleCredentials } from '@sagebrush/core'
import type { SessionRestrictions } from '../access-key/access-key.ts'
import type { KeyRing } from '../access-key/key-ring.ts'
import { type RoleRecord, sessionArn } from '../role/role.ts'
import { newAccessKeyId, newSecretAccessKey, newSessionToken } from '../unique-ids.ts'

/** Makes temporary credentials of a principal; they are in the store when this resolves, and so survive a restart. */
export async function issueTemporary(
  keys: KeyRing,
  principal: { readonly account: string; readonly arn: string; readonly userId: string },
  now: Date,
  seconds: number,
  session?: SessionRestrictions,
): Promise<RoleCredentials> {
  const credentials = {
    accessKeyId: newAccessKeyId('ASIA'),
    secretAccessKey: newSecretAccessKey(),
    sessionToken: newSessionToken(),
    // Whole seconds, as the API shows them.
    expires: new Date(Math.floor(now.getTime() / 1000 + seconds) * 1000),
  }
  const { account, arn, userId } = principal
  await keys.add({
    ...credentials,
    account,
    arn,
    userId,
    status: 'Active',
    created: now,
    ...(session ? { session } : {}),
  })
  return credentials
}

/** The principal that a session of a role is. */
export function sessionOf(role: RoleRecord, sessionName: string) {
  return { account: role.account, arn: sessionArn(role, sessionName), userId: `${role.id}:${sessionName}` }
}
