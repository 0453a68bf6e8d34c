export { memoryLogStore } from './memory-log-store.ts'
export { memoryStore } from './memory-store.ts'
export { compareUtf8 } from './utf8-order.ts'
