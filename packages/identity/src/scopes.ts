import type { Scope } from '@sagebrush/core'

/** IAM is one for all regions: its rows stand in a region of their own, whatever region signed the request. */
export function accountScope(account: string): Scope {
  return { account, region: 'aws-global' }
}

/**
 * Where rows stand that must be found before the account is known: access keys, and the list of accounts.
 * No account ever has this number.
 */
export const directoryScope: Scope = accountScope('000000000000')
