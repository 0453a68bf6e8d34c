import type { EngineApi } from './engine-api.ts'
import { containerName, HOME_LABEL, homeLabel, TASK_LABEL } from './options.ts'

interface Volume {
  readonly Name: string
  readonly Mountpoint: string
}

/** What bears a task's id on the engine. */
export function labelsOf(root: string, id: string): Record<string, string> {
  return { [HOME_LABEL]: homeLabel(root), [TASK_LABEL]: id }
}

/**
 * A writable view of `lower` that never changes it, as a mount of a container: the engine lays an overlay over it when
 * the container starts and takes it away when it ends, so nothing stands in this machine's own mount table. What is
 * written goes into volumes, which the engine can delete whoever owns the files.
 */
export async function viewOf(api: EngineApi, root: string, id: string, number: number, lower: string) {
  const name = `${containerName(root, id)}-${number}`
  const labels = labelsOf(root, id)
  const make = async (suffix: string) =>
    (await api.call('POST', '/volumes/create', { json: { Name: `${name}-${suffix}`, Labels: labels } })) as Volume
  const [upper, work] = await Promise.all([make('upper'), make('work')])
  const o = `lowerdir=${escaped(lower)},upperdir=${escaped(upper.Mountpoint)},workdir=${escaped(work.Mountpoint)}`
  return { name, options: { type: 'overlay', device: 'overlay', o } }
}

/** In an option of a mount, commas end it and colons part layers. */
function escaped(path: string): string {
  return path.replace(/[\\,:]/g, '\\$&')
}

/** Every volume of the task; those of a container that is still there cannot go. */
export async function removeVolumes(api: EngineApi, root: string, id: string): Promise<void> {
  const labels = Object.entries(labelsOf(root, id)).map(([name, value]) => `${name}=${value}`)
  const found = (await api.call('GET', '/volumes', { query: { filters: { label: labels } } })) as {
    readonly Volumes: readonly Volume[] | null
  }
  await Promise.all((found.Volumes ?? []).map(({ Name }) => api.find('DELETE', `/volumes/${Name}`)))
}
