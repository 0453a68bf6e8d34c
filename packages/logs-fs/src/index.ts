export { type LogStoreOptions, openLogStore } from './open-log-store.ts'
