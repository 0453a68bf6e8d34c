import { collectionSuite } from './collection-suite.ts'
import { logStoreSuite } from './log-store-suite.ts'
import { memoryLogStore } from './memory-log-store.ts'
import { memoryStore } from './memory-store.ts'

collectionSuite('memory', async () => ({ open: async () => memoryStore(), durable: false, dispose: async () => {} }))
logStoreSuite('memory', async () => ({ open: async () => memoryLogStore(), durable: false, dispose: async () => {} }))
