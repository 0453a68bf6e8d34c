export { StoreBusy, StoreFailed } from './errors.ts'
export { HomeTooNew } from './home-too-new.ts'
export { type FileStore, openStore, type StoreOptions } from './open-store.ts'
