import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { ContainerImage, Engine, TaskState } from '@sagebrush/core'
import { isTaskId, readSpec, readStop, taskIds, writeSpec } from '@sagebrush/task-folder'
import { ArchiveWorker } from './archive/archive-worker.ts'
import { findContainer } from './container.ts'
import { EngineApi } from './engine-api.ts'
import { Events } from './events.ts'
import { Finisher } from './finisher.ts'
import { findImage, nearestImages } from './images.ts'
import { TaskLogs } from './logs.ts'
import { askMachine, type Machine } from './machine.ts'
import { Networks } from './networks.ts'
import { runningState } from './observe.ts'
import { containerName, type DockerEngineOptions, dockerFiles } from './options.ts'
import { removeContainer } from './remove-container.ts'
import { Snapshots } from './snapshots.ts'
import { Launcher } from './start.ts'
import { readState } from './state-file.ts'
import { Stops } from './stop.ts'
import { emptyVolumes, removeVolumes, sweepVolumes } from './volumes.ts'

export interface DockerEngine extends Engine {
  /** What the engine is and can do. Throws `EngineUnreachable`. */
  probe(): Promise<Machine>
  /** The image that the engine has under the name, or undefined. Throws `EngineUnreachable`. */
  find(uri: string): Promise<ContainerImage | undefined>
  /** Names of its images that look most like `uri`, best first. */
  nearest(uri: string): Promise<readonly string[]>
}

/** Opens the engine over its folder and takes up every task that an earlier server left there. Nothing need answer yet. */
export async function openDockerEngine(options: DockerEngineOptions): Promise<DockerEngine> {
  const { root } = options
  await mkdir(root, { recursive: true, mode: 0o700 })
  const api = new EngineApi(options.address)
  const listeners = new Set<(id: string) => void>()
  const changed = (id: string) => {
    for (const listener of listeners) listener(id)
  }
  let asked: Promise<Machine> | undefined
  const machine = () => {
    asked ??= askMachine(api, root).catch((error) => {
      asked = undefined
      throw error
    })
    return asked
  }
  const worker = new ArchiveWorker()
  const networks = new Networks(api, options, machine)
  const logs = new TaskLogs(api, changed)
  const stops = new Stops(api, root)
  const launcher = new Launcher({ api, options, networks, worker, machine, logs, changed })
  const wasAway = (at: Date) => events.wasAway(at)
  const snapshots = new Snapshots({ api, options, worker })
  const finisher = new Finisher({ api, options, worker, machine, changed, wasAway })
  const name = (id: string) => containerName(root, id)

  const observe = async (id: string): Promise<TaskState> => {
    if (!isTaskId(id)) return { phase: 'absent' }
    const files = dockerFiles(root, id)
    const final = await readState(files.state)
    if (final) return final
    const launching = launcher.stateOf(id)
    if (launching) return launching
    const spec = (await readSpec(root, id))?.spec
    if (!spec) return { phase: 'absent' }
    const container = await findContainer(api, name(id))
    const again = launcher.stateOf(id) ?? (await readState(files.state))
    if (again) return again // it may have come to its end between the two looks
    const ran = container && container.status !== 'created'
    if (ran && (container.status === 'exited' || container.status === 'dead')) return finisher.state(spec, container)
    if (ran) return runningState(container, spec)
    if (!container && (await launcher.hasStarted(id))) {
      // It may have been made anew between the two looks.
      return (await findContainer(api, name(id))) ? await observe(id) : await finisher.lost(spec)
    }
    if (await readStop(root, id)) return await finisher.unstarted(id)
    return launcher.launch(id)
  }

  const takeUp = async () => {
    for (const id of await taskIds(root)) {
      try {
        if ((await observe(id)).phase === 'running') await stops.takeUp(id)
      } finally {
        changed(id)
      }
    }
  }
  // Only once an image of the engine is asked for: who never uses one gets no networks. Whoever needs them hears of a failure.
  const warm = () => {
    void machine().catch(() => {})
    void networks.warm().catch(() => {})
  }
  const events = new Events(api, root, changed, () => {
    void takeUp().catch((error) => options.log?.('tasks could not be taken up', error))
    void sweepVolumes(api, root).catch((error) => options.log?.('volumes of former tasks stay', error))
  })

  return {
    name: 'docker',
    probe: machine,
    find: async (uri) => {
      const found = await findImage(api, uri)
      if (found) warm()
      return found
    },
    nearest: (uri) => nearestImages(api, uri),
    networkInterface: () => 'eth0',
    refuses: async () => undefined,
    start: async (spec) => {
      if (await writeSpec(root, spec)) launcher.launch(spec.id, 'new')
    },
    observe,
    stop: async (id, graceMs) => {
      const state = await observe(id)
      if (state.phase === 'absent' || state.phase === 'ended' || state.phase === 'failed') return
      await stops.ask(id, graceMs)
      if (state.phase !== 'running' && (await launcher.abort(id))) await observe(id)
    },
    logs: async (id, cursor) => {
      const spec = isTaskId(id) ? (await readSpec(root, id))?.spec : undefined
      if (!spec) return { lines: [], cursor: cursor ?? '/0' }
      const { phase } = await observe(id)
      if (phase === 'preparing' || phase === 'staging') return { lines: [], cursor: cursor ?? '/0' }
      return await logs.read(id, name(id), cursor, phase !== 'running')
    },
    snapshot: async (id, archive) => {
      const spec = isTaskId(id) ? (await readSpec(root, id))?.spec : undefined
      return spec && (await observe(id)).phase === 'running' ? await snapshots.take(spec, archive) : undefined
    },
    remove: async (id) => {
      if (!isTaskId(id)) return
      await launcher.abort(id)
      const group = (await readSpec(root, id))?.spec.group
      stops.forget(id)
      logs.forget(id)
      const status = (await findContainer(api, name(id)))?.status
      if (status !== 'running' && status !== 'paused') await emptyVolumes(api, root, id)
      await removeContainer(api, name(id))
      await finisher.settled(id)
      await snapshots.settled(id)
      await removeVolumes(api, root, id)
      await rm(dockerFiles(root, id).folder, { recursive: true, force: true })
      if (group !== undefined && !(await hasMembers(root, group))) await networks.release(group)
    },
    list: async () => await taskIds(root),
    watch: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    close: async () => {
      events.close()
      stops.close()
      const ended = Promise.all([launcher.close(), finisher.close()])
      await worker.close() // what it was at begins again with the next server
      await ended
      logs.close()
      await clearProbes(root)
      if ((await taskIds(root)).length === 0) await networks.removeAll().catch(() => {}) // the engine may be away
    },
  }
}

async function hasMembers(root: string, group: string): Promise<boolean> {
  for (const id of await taskIds(root)) if ((await readSpec(root, id))?.spec.group === group) return true
  return false
}

async function clearProbes(root: string): Promise<void> {
  const left = (await readdir(root)).filter((name) => name.startsWith('.probe-') || name.startsWith('.new-'))
  await Promise.all(left.map((name) => rm(join(root, name), { recursive: true, force: true })))
}
