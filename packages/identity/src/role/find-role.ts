import type { IdentityPorts } from '../context.ts'
import { accountScope, directoryScope } from '../scopes.ts'
import { makeRole, type WantedRole } from './default-role.ts'
import { parseRoleArn, type RoleRecord, roleKey } from './role.ts'

/** Names that AWS keeps for the roles of its own services; nobody can make them, so neither do we. */
const SERVICE_LINKED = /^AWSServiceRoleFor/

export interface FoundRole {
  readonly role: RoleRecord | undefined
  /** True where this call made it. */
  readonly created: boolean
}

type RolePorts = Pick<IdentityPorts, 'roles' | 'accounts' | 'mode' | 'log'>

/** The role of an account, by name alone, as the API's own calls know it. */
export async function findRole(
  ports: Pick<IdentityPorts, 'roles'>,
  account: string,
  name: string,
): Promise<RoleRecord | undefined> {
  return (await ports.roles.get(accountScope(account), roleKey(name)))?.value
}

/** The role; in `auto` mode it is made where it is not there, and the log says so. */
export async function findOrMakeRole(ports: RolePorts, wanted: WantedRole, now: Date): Promise<FoundRole> {
  const role = await findRole(ports, wanted.account, wanted.name)
  if (role || ports.mode === 'strict' || SERVICE_LINKED.test(wanted.name)) return { role, created: false }
  return { role: await makeRole(ports, wanted, now), created: true }
}

/**
 * The role that an ARN means to an account. A program that was written for SageMaker names a role of the account it ran
 * in, which this home does not have: in `auto` mode the role of that path and name in the caller's own account stands
 * in for it. A role of another account of this home is never found.
 */
export async function localRole(ports: RolePorts, account: string, arn: string, now: Date): Promise<FoundRole> {
  const wanted = parseRoleArn(arn)
  if (!wanted) return { role: undefined, created: false }
  if (wanted.account !== account) {
    if (ports.mode === 'strict') return { role: undefined, created: false }
    if (await ports.accounts.get(directoryScope, wanted.account)) return { role: undefined, created: false }
  }
  const found = await findOrMakeRole(ports, { ...wanted, account }, now)
  return found.role?.path === wanted.path ? found : { role: undefined, created: false }
}
