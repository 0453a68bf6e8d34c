import { buffer } from 'node:stream/consumers'
import { pack } from 'tar-stream'
import type { EngineApi } from './engine-api.ts'
import { emptyImage } from './machine.ts'
import { HOME_LABEL, homeLabel } from './options.ts'
import { removeContainer } from './remove-container.ts'

/** Makes folders in a container, or opens those that are there, for everybody. The root must not be read-only. */
export async function makeFolders(api: EngineApi, container: string, paths: readonly string[]): Promise<void> {
  const tar = pack()
  for (const path of paths) tar.entry({ name: path.slice(1), type: 'directory', mode: 0o777 })
  tar.finalize()
  await api.call('PUT', `/containers/${container}/archive`, { query: { path: '/' }, tar: await buffer(tar) })
}

/**
 * The same in a container with a read-only root, which takes archives within its volumes only, and none of those changes
 * the volume's own folder: by way of another container, which is never started and has the volumes too.
 */
export async function makeVolumeFolders(
  api: EngineApi,
  root: string,
  container: string,
  paths: readonly string[],
): Promise<void> {
  const name = `${container}-folders`
  const [image, labels] = [await emptyImage(api, root), { [HOME_LABEL]: homeLabel(root) }]
  await removeContainer(api, name)
  const json = { Image: image, Cmd: ['none'], Labels: labels, HostConfig: { VolumesFrom: [container] } }
  await api.call('POST', '/containers/create', { query: { name }, json: { ...json, NetworkDisabled: true } })
  try {
    await makeFolders(api, name, paths)
  } finally {
    await removeContainer(api, name)
  }
}
