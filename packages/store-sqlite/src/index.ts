export { StoreBusy, StoreFailed } from './errors.ts'
export { HomeTooNew } from './home-too-new.ts'
export { openStore, type StoreOptions } from './open-store.ts'
