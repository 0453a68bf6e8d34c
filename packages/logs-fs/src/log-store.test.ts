import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { logStoreSuite } from '@sagebrush/store-kit'
import { openLogStore } from './open-log-store.ts'

logStoreSuite('files', async () => {
  const root = await mkdtemp(join(tmpdir(), 'logs-'))
  return {
    open: () => openLogStore({ root }),
    durable: true,
    child: { module: new URL('./open-log-store.ts', import.meta.url).href, name: 'openLogStore', options: { root } },
    dispose: () => rm(root, { recursive: true }),
  }
})
