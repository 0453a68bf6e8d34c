import type { AccessKeys, ExecutionRoles, OperationTable, Store } from '@sagebrush/core'
import { accessKeySpec } from './access-key/access-key.ts'
import { KeyRing } from './access-key/key-ring.ts'
import { accountSpec, homeAccountSpec } from './account/account.ts'
import { type AccountCredentials, Accounts } from './account/accounts.ts'
import type { IdentityContext, IdentityLog, IdentityMode, IdentityPorts } from './context.ts'
import { iamOperations, stsOperations } from './operations.ts'
import { policySpec } from './policy/policy.ts'
import { StoredExecutionRoles } from './role/execution-roles.ts'
import { roleSpec } from './role/role.ts'
import { userSpec } from './user/user.ts'

export interface IdentityOptions {
  readonly store: Store
  readonly clock: () => Date
  readonly config: { readonly mode: IdentityMode }
  readonly log: IdentityLog
}

/** A service as the server's dispatcher takes it: `context` joined to the request is what its operations are given. */
export interface IdentityApi {
  readonly operations: OperationTable<IdentityContext>
  readonly context: IdentityPorts
}

export interface Identity {
  readonly sts: IdentityApi
  readonly iam: IdentityApi
  readonly accessKeys: AccessKeys
  readonly roles: ExecutionRoles
  /**
   * Makes what a first start needs, and finds it at every later one: the home's account (the given number, else a
   * random one that stays), its execution role, and the key for the command line.
   */
  bootstrap(account?: string): Promise<AccountCredentials>
  /** A further account (a random number unless given), which shares nothing with the others. */
  createAccount(account?: string): Promise<AccountCredentials>
  /** Removes temporary keys that expired more than a day ago; resolves to their number. To be called now and then. */
  sweep(): Promise<number>
}

/** Opens STS, IAM and the access keys over a store; all keys are in memory when this resolves. */
export async function openIdentity(options: IdentityOptions): Promise<Identity> {
  const { store, clock, config, log } = options
  const keys = await KeyRing.open(store.collection(accessKeySpec), clock)
  const ports: IdentityPorts = {
    mode: config.mode,
    keys,
    accounts: store.collection(accountSpec),
    users: store.collection(userSpec),
    roles: store.collection(roleSpec),
    policies: store.collection(policySpec),
    log,
  }
  const accounts = new Accounts(store.collection(homeAccountSpec), ports, clock)
  return {
    sts: { operations: stsOperations, context: ports },
    iam: { operations: iamOperations, context: ports },
    accessKeys: keys,
    roles: new StoredExecutionRoles(ports, clock),
    bootstrap: (account) => accounts.bootstrap(account),
    createAccount: (account) => accounts.create(account),
    sweep: () => keys.sweep(),
  }
}
