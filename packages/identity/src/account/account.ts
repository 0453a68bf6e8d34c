import type { CollectionSpec } from '@sagebrush/core'

export interface AccountRecord {
  /** 12 digits. */
  readonly account: string
  readonly created: Date
  /** The long-lived key that was made with the account; its secret is in the key's own row. */
  readonly accessKeyId: string
}

/** Named by the account's number, in the directory. */
export const accountSpec: CollectionSpec<AccountRecord> = { name: 'account', index: {} }

/** One row, named `default`, in the directory: the account that stands for this home. */
export const homeAccountSpec: CollectionSpec<{ readonly account: string }> = { name: 'home_account', index: {} }
export const HOME_ACCOUNT = 'default'

/** AWS's own name for the role that its console makes for SageMaker; the Python SDK looks for it in the caller's ARN. */
export const DEFAULT_ROLE = { path: '/service-role/', name: 'AmazonSageMaker-ExecutionRole' }
export const DEFAULT_SESSION_NAME = 'SageMaker'
/** The owner of the machine. */
export const DEFAULT_ROLE_POLICIES = [
  'arn:aws:iam::aws:policy/AmazonSageMakerFullAccess',
  'arn:aws:iam::aws:policy/AdministratorAccess',
]
