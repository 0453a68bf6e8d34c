import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { collectionSuite } from '@sagebrush/store-kit'
import { openStore } from './open-store.ts'

collectionSuite('sqlite', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'store-'))
  const options = { path: join(folder, 'state.db') }
  return {
    open: () => openStore(options),
    durable: true,
    child: { module: new URL('./open-store.ts', import.meta.url).href, name: 'openStore', options },
    dispose: () => rm(folder, { recursive: true }),
  }
})
