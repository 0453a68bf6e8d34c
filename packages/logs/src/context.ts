import type { Operations } from '@sagebrush/contract'
import { type Collection, type LogStore, operationsOf, type RequestContext } from '@sagebrush/core'
import type { GroupSettings } from './log-group/group-settings.ts'

/** What the operations of CloudWatch Logs may reach, beside the request. */
export interface LogsPorts {
  readonly logStore: LogStore
  readonly settings: Collection<GroupSettings>
}

export type LogsContext = RequestContext & LogsPorts

export const operation = operationsOf<Operations['logs'], LogsContext>()
