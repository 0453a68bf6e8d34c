export { diagnose, type Finding } from './diagnose.ts'
export { openServer, type RunningServer, type ServerOptions } from './open-server.ts'
export { operationTables } from './operation-tables.ts'
