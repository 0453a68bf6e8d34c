import type { LogStore, OperationTable, Store } from '@sagebrush/core'
import type { LogsContext, LogsPorts } from './context.ts'
import { expireStreams } from './expire.ts'
import { groupSettingsSpec } from './log-group/group-settings.ts'
import { logsOperations } from './operations.ts'

export interface LogsOptions {
  readonly logStore: LogStore
  /** For what a log store does not keep: tags and the like of groups. */
  readonly store: Store
  readonly clock: () => Date
}

export interface Logs {
  readonly operations: OperationTable<LogsContext>
  /** Joined to the request, it is what the operations are given. */
  readonly context: LogsPorts
  /** Removes the streams that their groups' retention let go; resolves to their number. To be called now and then. */
  expire(): Promise<number>
}

/** Opens CloudWatch Logs over a log store that others (the reconcilers of jobs and endpoints) write to as well. */
export function openLogs({ logStore, store, clock }: LogsOptions): Logs {
  const context: LogsPorts = { logStore, settings: store.collection(groupSettingsSpec) }
  return { operations: logsOperations, context, expire: () => expireStreams(context, clock()) }
}
