export { diagnose } from './diagnose.ts'
export type { Finding } from './finding.ts'
export { openServer, type RunningServer, type ServerOptions } from './open-server.ts'
export { operationTables } from './operation-tables.ts'
