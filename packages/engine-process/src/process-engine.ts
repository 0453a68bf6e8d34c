import { access, mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Engine, ManagedImage, TaskState } from '@sagebrush/core'
import { isTaskId, readStop, taskIds, writeSpec } from '@sagebrush/task-folder'
import { isSupervised } from './control-pipe.ts'
import type { Environment } from './environment.ts'
import { EnvironmentOrders } from './environment-orders.ts'
import { readLog } from './logs.ts'
import { isFinal, readState, stateOf } from './observe.ts'
import { hintFolder, type ProcessEngineOptions, taskFiles } from './options.ts'
import { type ProbeResult, probe } from './probe.ts'
import { refusal } from './refuse.ts'
import { deleteTree, endSupervisor, killLeftovers, removeFolder } from './remove.ts'
import { Snapshots } from './snapshot.ts'
import { socketFolder } from './socket-folder.ts'
import { Launcher, makeRoot } from './start.ts'
import { requestStop } from './stop.ts'
import { Watcher } from './watch.ts'

export interface ProcessEngine extends Engine {
  /** What this machine allows it; asked once. */
  probe(): Promise<ProbeResult>
  /** Has the environment of a managed image made, unless it is there, for whoever else runs it: see `EnvironmentOrders`. */
  environment(image: ManagedImage, onProgress: (message: string) => void, signal: AbortSignal): Promise<Environment>
}

/** Opens the engine over its folder and takes up every task that an earlier server left there. */
export async function openProcessEngine(options: ProcessEngineOptions): Promise<ProcessEngine> {
  const { root } = options
  await makeRoot(root)
  await mkdir(options.cache, { recursive: true, mode: 0o700 })
  let asked: Promise<ProbeResult> | undefined
  const probed = () => {
    asked ??= askMachine(options)
    return asked
  }
  const watcher = new Watcher(root, () => activeTasks(root))
  const environments = new EnvironmentOrders()
  const launcher = new Launcher(options, environments, probed, (id) => watcher.tell(id))
  const snapshots = new Snapshots(options)
  // Early, so that the first job need not wait for either; whoever needs them hears of a failure.
  void launcher.warm().catch(() => {})
  const observe = (id: string) => observeTask(id, options, launcher)
  const engine = {
    name: 'process',
    probe: probed,
    environment: async (image, onProgress, signal) =>
      await environments.wait(image, { ...options, pythons: (await probed()).pythons }, onProgress, signal),
    networkInterface: () => 'lo', // hosts reach each other over the machine's loopback
    refuses: async (spec) => refusal(spec, await probed(), options.images),
    start: async (spec) => {
      if (await writeSpec(root, spec)) launcher.launch(spec.id)
    },
    observe,
    stop: async (id, graceMs) => {
      const state = await observe(id)
      if (state.phase === 'absent' || state.phase === 'ended' || state.phase === 'failed') return
      await requestStop(root, id, graceMs)
      await launcher.stopWaiting(id)
    },
    logs: async (id, cursor) => await readLog(isTaskId(id) ? taskFiles(root, id).log : '/nonexistent', cursor),
    snapshot: async (id, archive) => {
      const [python] = (await probed()).pythons
      if (!python || (await observe(id)).phase !== 'running') return undefined
      return await snapshots.take(id, archive, python.path)
    },
    remove: async (id) => {
      if (!isTaskId(id)) return
      await snapshots.end(id)
      await launcher.abort(id)
      await endSupervisor(root, id)
      if ((await probed()).namespaces === 'none') await killLeftovers(root, id)
      await rm(socketFolder(root, id, options.variables.XDG_RUNTIME_DIR), { recursive: true, force: true })
      await removeFolder(root, taskFiles(root, id).folder)
      await rm(taskFiles(root, id).hint, { force: true })
    },
    list: async () => await taskIds(root),
    watch: (listener) => watcher.add(listener),
    close: async () => {
      environments.close() // before anybody's leaving
      watcher.close()
      await snapshots.close()
      await launcher.close()
      await asked?.catch(() => {}) // its process and folder must not outlive us
    },
  } satisfies ProcessEngine
  await takeUp(options, launcher)
  return engine
}

async function askMachine(options: ProcessEngineOptions): Promise<ProbeResult> {
  const found = await probe({
    root: options.root,
    searchPath: options.variables.PATH ?? '/usr/local/bin:/usr/bin:/bin',
    memory: join(options.cache, 'pythons.json'),
    agent: options.agent,
  })
  if (options.isolation !== 'none') return found
  const staging = found.staging === 'overlay' ? 'copy' : found.staging
  return { ...found, namespaces: 'none', namespacesReason: 'set so by configuration', staging }
}

async function activeTasks(root: string): Promise<readonly string[]> {
  const ids = await taskIds(root)
  const states = await Promise.all(ids.map((id) => readState(taskFiles(root, id).state)))
  return ids.filter((_, index) => {
    const state = states[index]
    return !state || !isFinal(state)
  })
}

/** After a start of the server: deletes what a killed one left half-made or half-removed, and takes up what had no supervisor yet. */
async function takeUp({ root }: ProcessEngineOptions, launcher: Launcher): Promise<void> {
  const names = await readdir(root)
  const halves = names.filter((name) => name.startsWith('.gone-') || name.startsWith('.new-'))
  await Promise.all(halves.map((name) => deleteTree(join(root, name))))
  const hints = (await readdir(hintFolder(root))).filter((id) => !names.includes(id))
  await Promise.all(hints.map((id) => rm(join(hintFolder(root), id), { force: true })))
  for (const id of names.filter(isTaskId)) {
    const files = taskFiles(root, id)
    if (!(await readState(files.state)) && !(await isSupervised(files.control))) await launchOrEnd(id, root, launcher)
  }
}

async function observeTask(id: string, { root }: ProcessEngineOptions, launcher: Launcher): Promise<TaskState> {
  if (!isTaskId(id)) return { phase: 'absent' }
  const files = taskFiles(root, id)
  const state = await readState(files.state)
  if (state && isFinal(state)) return stateOf(state)
  const launching = launcher.stateOf(id)
  if (!state && launching) return launching
  if (await isSupervised(files.control)) return state ? stateOf(state) : { phase: 'staging', since: new Date() }
  const last = await readState(files.state) // it may have ended between the two looks
  if (last && isFinal(last)) return stateOf(last)
  if (!(await exists(files.spec))) return { phase: 'absent' }
  if (!last) {
    const launched = await launchOrEnd(id, root, launcher)
    if (launched) return launched
  } else {
    await killLeftovers(root, id)
    await launcher.end(id, {
      ...last,
      phase: 'failed',
      message: 'The supervisor of the task was killed, and the task with it. (Out of memory? The machine restarted?)',
      fault: 'platform',
      ended: Date.now(),
    })
  }
  const final = await readState(files.state)
  return final ? stateOf(final) : { phase: 'absent' }
}

/** Takes up a task that has no supervisor; one that was to stop has ended, and that is written down. */
async function launchOrEnd(id: string, root: string, launcher: Launcher): Promise<TaskState | undefined> {
  if (!(await readStop(root, id))) return launcher.launch(id)
  await launcher.endUnstarted(id)
  return undefined
}

async function exists(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  )
}
