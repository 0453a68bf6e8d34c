import { spawn } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { taskIds } from '@sagebrush/task-folder'
import { type EngineApi, EngineApiError } from './engine-api.ts'
import { containerName, HOME_LABEL, homeLabel, TASK_LABEL } from './options.ts'

/** In place of a task's id, where it is tried what the engine can do. */
export const PROBE = 'probe'

interface Volume {
  readonly Name: string
  readonly Mountpoint: string
  /** Of what is mounted there, such as a view; null for a folder of the engine's. */
  readonly Options?: Readonly<Record<string, string>> | null
  readonly Labels: Readonly<Record<string, string>> | null
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

/**
 * Empties the task's volumes where this process may: Docker makes nobody another volume while it removes one, which
 * takes a minute for a million files. Their container must not run any more.
 */
export async function emptyVolumes(api: EngineApi, root: string, id: string): Promise<void> {
  for (const { Name, Mountpoint, Options } of await volumesWith(api, labelsOf(root, id))) {
    if (Options?.device !== undefined || !Mountpoint.endsWith(`/${Name}/_data`)) continue
    const names = await readdir(Mountpoint).catch(() => [])
    if (names.length > 0) await emptyFolder(Mountpoint)
  }
}

/** By a process of low priority: this one's own threads are for whoever waits. What cannot go is left to the engine. */
async function emptyFolder(folder: string): Promise<void> {
  const child = spawn('nice', ['find', folder, '-xdev', '-mindepth', '1', '-delete'], { stdio: 'ignore' })
  await new Promise((resolve) => child.once('exit', resolve).once('error', resolve))
}

/** Every volume of the task; those of a container that is still there cannot go. */
export async function removeVolumes(api: EngineApi, root: string, id: string): Promise<void> {
  await removeAll(api, await volumesWith(api, labelsOf(root, id)))
}

/** Removes volumes that the engine did not give away when their task was removed. */
export async function sweepVolumes(api: EngineApi, root: string): Promise<void> {
  const found = await volumesWith(api, { [HOME_LABEL]: homeLabel(root) })
  // Asked second: a task that begins meanwhile has its folder before its volumes.
  const tasks = [PROBE, ...(await taskIds(root))]
  const isOver = ({ Labels }: Volume) => Labels?.[TASK_LABEL] !== undefined && !tasks.includes(Labels[TASK_LABEL])
  await removeAll(api, found.filter(isOver))
}

async function volumesWith(api: EngineApi, labels: Readonly<Record<string, string>>): Promise<readonly Volume[]> {
  const filters = { label: Object.entries(labels).map(([name, value]) => `${name}=${value}`) }
  const found = (await api.call('GET', '/volumes', { query: { filters } })) as {
    readonly Volumes: readonly Volume[] | null
  }
  return found.Volumes ?? []
}

async function removeAll(api: EngineApi, volumes: readonly Volume[]): Promise<void> {
  await Promise.all(
    volumes.map(async ({ Name }) => {
      try {
        await api.find('DELETE', `/volumes/${Name}`)
      } catch (error) {
        // Docker 20.10 is wrong about the mounts, until it is restarted, once a container has lived through a restart of
        // it. What stays is the name of a view: its bytes are in other volumes.
        if (!(error instanceof EngineApiError && /has active mounts|umount .*no such file/.test(error.message)))
          throw error
      }
    }),
  )
}
