import type { Collection } from '@sagebrush/core'
import type { AccessKeyRecord } from '../access-key/access-key.ts'
import type { IdentityPorts } from '../context.ts'
import { usableRole } from '../role/default-role.ts'
import { findRole } from '../role/find-role.ts'
import { type RoleRecord, roleArn, roleKey } from '../role/role.ts'
import { accountScope, directoryScope } from '../scopes.ts'
import { sessionOf } from '../sts/role-session.ts'
import { newAccessKeyId, newAccountId, newSecretAccessKey } from '../unique-ids.ts'
import {
  type AccountRecord,
  DEFAULT_ROLE,
  DEFAULT_ROLE_POLICIES,
  DEFAULT_SESSION_NAME,
  HOME_ACCOUNT,
} from './account.ts'

/** What a client needs to speak for an account. */
export interface AccountCredentials {
  readonly account: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** The execution role that the credentials are a session of. */
  readonly roleArn: string
}

/** Accounts of this home. Every step can be repeated, by several servers at once and after a crash at any point. */
export class Accounts {
  readonly #home: Collection<{ readonly account: string }>
  readonly #ports: IdentityPorts
  readonly #clock: () => Date

  constructor(home: Collection<{ readonly account: string }>, ports: IdentityPorts, clock: () => Date) {
    this.#home = home
    this.#ports = ports
    this.#clock = clock
  }

  /** The account that stands for this home: the given one, else that of the first start, which was given or drawn. */
  async bootstrap(account?: string): Promise<AccountCredentials> {
    const made = account === undefined ? undefined : await this.create(account)
    const own = await this.#homeAccount(account)
    return made ?? this.create(own)
  }

  /** Makes the account, or finds it: with its default execution role and a long-lived key of a session of it. */
  async create(account: string = newAccountId()): Promise<AccountCredentials> {
    if (!/^\d{12}$/.test(account) || account === directoryScope.account) {
      throw new Error(`An account is 12 digits and not all zero, such as 123456789012; this is none: ${account}`)
    }
    const { accessKeyId } = await this.#record(account)
    const role = await this.#role(account)
    const key = (await this.#ports.keys.record(accessKeyId)) ?? (await this.#makeKey(accessKeyId, role))
    return { account, accessKeyId, secretAccessKey: key.secretAccessKey, roleArn: roleArn(role) }
  }

  async #record(account: string): Promise<AccountRecord> {
    const known = await this.#ports.accounts.get(directoryScope, account)
    if (known) return known.value
    const wanted = { account, created: this.#clock(), accessKeyId: newAccessKeyId('AKIA') }
    if (await this.#ports.accounts.insert(directoryScope, account, wanted)) {
      this.#ports.log('info', `Made account ${account}`, { account })
      return wanted
    }
    return (await this.#ports.accounts.get(directoryScope, account))?.value ?? wanted
  }

  /** Of several makers the first wins, and all get its key. */
  async #makeKey(accessKeyId: string, role: RoleRecord): Promise<AccessKeyRecord> {
    const key: AccessKeyRecord = {
      accessKeyId,
      secretAccessKey: newSecretAccessKey(),
      ...sessionOf(role, DEFAULT_SESSION_NAME),
      status: 'Active',
      created: this.#clock(),
    }
    if (await this.#ports.keys.add(key)) return key
    return (await this.#ports.keys.record(accessKeyId)) ?? key
  }

  async #homeAccount(account: string = newAccountId()): Promise<string> {
    const known = await this.#home.get(directoryScope, HOME_ACCOUNT)
    if (known) return known.value.account
    if (await this.#home.insert(directoryScope, HOME_ACCOUNT, { account })) return account
    return (await this.#home.get(directoryScope, HOME_ACCOUNT))?.value.account ?? account
  }

  async #role(account: string): Promise<RoleRecord> {
    const known = await findRole(this.#ports, account, DEFAULT_ROLE.name)
    if (known) return known
    const role = usableRole({ account, ...DEFAULT_ROLE }, this.#clock(), 'Made with the account', DEFAULT_ROLE_POLICIES)
    if (await this.#ports.roles.insert(accountScope(account), roleKey(role.name), role)) return role
    return (await findRole(this.#ports, account, role.name)) ?? role
  }
}
