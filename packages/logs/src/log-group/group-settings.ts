import type { LogGroupClass } from '@sagebrush/contract/logs'
import type { CollectionSpec } from '@sagebrush/core'

/** What is known of a group beside its lines; a group that SageMaker made has none until somebody sets something. */
export interface GroupSettings {
  readonly tags: Readonly<Record<string, string>>
  readonly kmsKeyId?: string
  readonly logGroupClass?: LogGroupClass
  readonly deletionProtection?: boolean
  /** Also at the group itself; here so that expiry finds the groups of all accounts that have one. */
  readonly retentionDays?: number
}

export const groupSettingsSpec: CollectionSpec<GroupSettings> = {
  name: 'log_group_settings',
  index: { retention_days: (settings) => settings.retentionDays },
}

export const NO_SETTINGS: GroupSettings = { tags: {} }
