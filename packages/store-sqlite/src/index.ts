export { HomeTooNew, StoreBusy, StoreFailed } from './errors.ts'
export { openStore, type StoreOptions } from './open-store.ts'
