import type { IdentityPorts } from '../context.ts'
import { accountScope } from '../scopes.ts'
import { makeRole, type WantedRole } from './default-role.ts'
import { type RoleRecord, roleKey } from './role.ts'

/** Names that AWS keeps for the roles of its own services; nobody can make them, so neither do we. */
const SERVICE_LINKED = /^AWSServiceRoleFor/

/** The role of an account, by name alone, as the API's own calls know it. */
export async function findRole(
  ports: Pick<IdentityPorts, 'roles'>,
  account: string,
  name: string,
): Promise<RoleRecord | undefined> {
  return (await ports.roles.get(accountScope(account), roleKey(name)))?.value
}

/** The role; in `auto` mode it is made where it is not there, and the log says so. */
export async function findOrMakeRole(
  ports: Pick<IdentityPorts, 'roles' | 'mode' | 'log'>,
  wanted: WantedRole,
  now: Date,
): Promise<{ readonly role: RoleRecord | undefined; readonly created: boolean }> {
  const role = await findRole(ports, wanted.account, wanted.name)
  if (role || ports.mode === 'strict' || SERVICE_LINKED.test(wanted.name)) return { role, created: false }
  return { role: await makeRole(ports, wanted, now), created: true }
}
