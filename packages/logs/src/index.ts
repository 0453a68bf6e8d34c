export type { LogsContext, LogsPorts } from './context.ts'
export { type Logs, type LogsOptions, openLogs } from './open-logs.ts'
export { logsOperations } from './operations.ts'
