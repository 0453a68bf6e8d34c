import { homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Engine, ManagedImage, ObjectReader } from '@sagebrush/core'
import { openProcessEngine } from '@sagebrush/engine-process'
import { type ImageTable, loadImages } from '@sagebrush/managed-images'
import type { Config } from './config/settings.ts'
import { homeCaches, openHomeCache, sweepHomeCaches, taskBundle } from './home/home-cache.ts'
import type { Home } from './home/open-home.ts'
import type { ServerLog } from './log/server-log.ts'

const repository = (path: string) => fileURLToPath(new URL(`../../../${path}`, import.meta.url))

/** A task has no business in them: the keys that the server's user has for other places. */
const secretFolders = ['.aws', '.ssh', '.gnupg', '.kube', '.docker', '.netrc'].map((name) => join(homedir(), name))

export interface EngineOptions {
  readonly config: Config
  readonly home: Home
  readonly objects: ObjectReader
  readonly log: ServerLog
}

/** The resolution table of image references, and the engine that runs what they resolve to. */
export interface OpenedEngine {
  readonly engine: Engine
  readonly images: { resolve(uri: string): Promise<{ image: ManagedImage } | { missing: string }> }
}

export async function openEngine({ config, home, objects, log }: EngineOptions): Promise<OpenedEngine> {
  const root = home.folder('tasks')
  // Filled in once the machine has answered: asking every Python takes longer than the whole start.
  const pythons: string[] = []
  const images = await loadImages(repository('images'), pythons)
  const homeCache = openHomeCache(config.cache, home.path)
  const engine = await openProcessEngine({
    root,
    cache: config.cache,
    homeCache,
    objects,
    images,
    toolkit: repository('python/toolkit'),
    hide: [home.path, homeCaches(config.cache), ...secretFolders],
    show: [taskBundle(homeCache)],
    variables: process.env,
    isolation: config['process.namespaces'] === 'off' ? 'none' : 'auto',
    log: (message, error) => log.error(message, { error }),
  })
  const asked = engine.probe().then((found) => pythons.push(...found.pythons.map(({ version }) => version)))
  asked.catch((error) => log.error('the machine could not be asked for its Pythons', { error }))
  // Nobody waits for it; temporary homes leave much behind.
  sweepHomeCaches(config.cache).catch((error) => log.error('the caches of former homes stay', { error }))
  return {
    engine,
    images: {
      resolve: async (uri) => {
        await asked
        return resolve(images, uri)
      },
    },
  }
}

/** What stands in for an image reference; words for the user where nothing does. */
function resolve(images: ImageTable, uri: string): { image: ManagedImage } | { missing: string } {
  const image = images.resolve(uri)
  if (image) return { image }
  const nearest = images.nearest(uri)
  return {
    missing: `No managed image stands in for ${uri}, and the process engine runs managed images only. ${
      nearest.length > 0 ? `The nearest names are ${nearest.join(', ')}.` : ''
    }`.trim(),
  }
}
