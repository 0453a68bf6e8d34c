import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type FileStore, openStore } from '@sagebrush/store-sqlite'
import { openHome, removeUnused } from './home/open-home.ts'
import { checkAddress } from './listen.ts'
import type { Closers, RunningServer, ServerOptions } from './serve.ts'

/** Opens a home and answers for it. Throws `HomeError`, `PortTaken`, `HomeTooNew` in words; then nothing stays open. */
export async function openServer(options: ServerOptions): Promise<RunningServer> {
  const { host, port } = options.config
  const wasThere = existsSync(options.config.home)
  const home = openHome(options.config.home)
  const closers: Closers = [() => home.release()]
  const close = async () => {
    for (const closer of closers.splice(0).reverse()) await closer()
  }
  try {
    await checkAddress(host, port)
    // First: its threads start while the services are loaded.
    const opening = openStore({ path: join(home.folder('store'), 'state.db') })
    const [store, { serve }] = await Promise.all([opened(opening, closers), import('./serve.ts')])
    return await serve({ home, store, closers, close }, options)
  } catch (error) {
    await close()
    if (!wasThere) removeUnused(home.path)
    throw error
  }
}

/** Closed with the rest, also where what was begun beside it fails. */
async function opened(opening: Promise<FileStore>, closers: Closers): Promise<FileStore> {
  const store = await opening
  closers.push(() => store.close())
  return store
}
