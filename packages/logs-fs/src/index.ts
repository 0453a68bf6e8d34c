export type { FsLogStore } from './fs-log-store.ts'
export { type LogStoreOptions, openLogStore } from './open-log-store.ts'
