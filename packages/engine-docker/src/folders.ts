import { buffer } from 'node:stream/consumers'
import { pack } from 'tar-stream'
import type { EngineApi } from './engine-api.ts'
import type { TaskMount } from './mounts.ts'

/** Lets any user of the container write into its mounts: an image may name a user that is not root. */
export async function openFolders(api: EngineApi, container: string, mounts: readonly TaskMount[]): Promise<void> {
  await makeFolders(
    api,
    container,
    mounts.map(({ path }) => path),
  )
}

/** Makes folders in a container, or opens those that are there, for everybody. */
export async function makeFolders(api: EngineApi, container: string, paths: readonly string[]): Promise<void> {
  const tar = pack()
  for (const path of paths) tar.entry({ name: path.slice(1), type: 'directory', mode: 0o777 })
  tar.finalize()
  await api.call('PUT', `/containers/${container}/archive`, { query: { path: '/' }, tar: await buffer(tar) })
}
