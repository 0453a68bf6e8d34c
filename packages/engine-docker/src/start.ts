import { access, readFile, rm, writeFile } from 'node:fs/promises'
import { StagingError, type TaskSpec, type TaskState } from '@sagebrush/core'
import { hasCode, type Launch, Launches, readSpec, replaceJson, SharedWork } from '@sagebrush/task-folder'
import type { ArchiveWorker } from './archive/archive-worker.ts'
import { commandProblem } from './command-problem.ts'
import { findContainer } from './container.ts'
import { bindMounts, createContainer } from './create-container.ts'
import { type EngineApi, EngineApiError, EngineUnreachable } from './engine-api.ts'
import { fillMount, openFolders, stageViews } from './fill-container.ts'
import { heldByEngine } from './held-by-engine.ts'
import { localImage, otherPlatform } from './images.ts'
import type { TaskLogs } from './logs.ts'
import type { Machine } from './machine.ts'
import { containerForm } from './managed-image.ts'
import { taskMounts } from './mounts.ts'
import { type Networks, NoNetwork } from './networks.ts'
import { containerName, type DockerEngineOptions, dockerFiles } from './options.ts'
import { removeContainer } from './remove-container.ts'
import { STATE_FORMAT, type StateFile } from './state-file.ts'
import { removeVolumes } from './volumes.ts'

/** Until an engine that does not answer is asked again. */
const RETRY_MS = 1_000
/** So often a name that is taken is cleared and tried again. */
const MOST_CONFLICTS = 3

export interface LauncherParts {
  readonly api: EngineApi
  readonly options: DockerEngineOptions
  readonly networks: Networks
  readonly worker: ArchiveWorker
  readonly logs: TaskLogs
  readonly machine: () => Promise<Machine>
  readonly changed: (id: string) => void
}

/** Brings written tasks to running containers, in the background; knows of each how far it is. */
export class Launcher {
  readonly #launches: Launches
  /** The images that are being made, by name. */
  readonly #makings = new SharedWork<string>()
  readonly #parts: LauncherParts

  constructor(parts: LauncherParts) {
    this.#parts = parts
    this.#launches = new Launches(parts.changed)
  }

  stateOf(id: string): TaskState | undefined {
    return this.#launches.stateOf(id)
  }

  /** Takes up a task that is written down and has no container that ever ran; of a new one nothing can be left. */
  launch(id: string, age: 'new' | 'known' = 'known'): TaskState {
    return this.#launches.begin(id, (launch) => this.#run(id, launch, age))
  }

  /** Breaks off what has no running container yet. True where there was something to break off. */
  abort(id: string): Promise<boolean> {
    return this.#launches.abort(id)
  }

  close(): Promise<void> {
    return this.#launches.close()
  }

  /** Writes a final state where no container can tell it. */
  async end(id: string, state: Omit<StateFile, 'format'>): Promise<void> {
    try {
      await replaceJson(dockerFiles(this.#parts.options.root, id).state, { format: STATE_FORMAT, ...state })
    } catch (error) {
      if (!hasCode(error, 'ENOENT')) throw error // else removed meanwhile
    }
    this.#parts.changed(id)
  }

  async #run(id: string, launch: Launch, age: 'new' | 'known'): Promise<void> {
    const { signal } = launch
    for (let tries = 1; ; tries++) {
      try {
        if ((age === 'known' || tries > 1) && (await this.#hasBegun(id))) return
        return await this.#start(id, launch)
      } catch (error) {
        if (signal.aborted) return // by close, stop or remove, which say what becomes of the task
        if (tries === 1 && isNetworkGone(error)) {
          this.#parts.networks.forget()
          continue
        }
        // What a killed server had asked for may be made only now: it is cleared, and made anew.
        if (tries <= MOST_CONFLICTS && error instanceof EngineApiError && error.status === 409) {
          await new Promise((resolve) => setTimeout(resolve, RETRY_MS / 4))
          continue
        }
        const away = await this.#engineAway(error)
        if (!away) return await this.#fail(id, error)
        launch.preparing(away.message.slice(0, 200))
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
        if (signal.aborted) return
      }
    }
  }

  async #start(id: string, launch: Launch): Promise<void> {
    const { api, options, networks } = this.#parts
    const { signal } = launch
    const file = await readSpec(options.root, id)
    if (!file) return // removed meanwhile
    const { spec } = file
    const machine = await this.#parts.machine()
    const { reference, variables } = await this.#imageOf(spec, (message) => launch.preparing(message), signal)
    signal.throwIfAborted()
    launch.staging()
    const bundle = options.caBundle === undefined ? undefined : await readFile(options.caBundle, 'utf8')
    const mounts = taskMounts(spec, Object.keys(spec.serverEnvironment).length > 0 ? bundle : undefined)
    const [image, network, binds] = await together(
      localImage(api, reference, spec.image),
      heldByEngine(launch.held, networks.of(spec.group, spec.hosts.length)),
      heldByEngine(launch.held, bindMounts(api, options.root, spec.id, mounts, machine)),
      machine.staging === 'overlay' ? stageViews(this.#parts, spec, mounts, signal) : undefined,
    )
    signal.throwIfAborted()
    const plan = { spec, image: image.id, variables, network, binds, machine }
    const container = await heldByEngine(launch.held, createContainer(api, options, plan))
    const paths = mounts.map(({ path }) => path)
    if (image.user !== '') await openFolders(this.#parts, container, paths) // else they are root's alone
    for (const mount of mounts) await fillMount(this.#parts, { spec, mount, container, machine })
    signal.throwIfAborted()
    await writeFile(dockerFiles(options.root, id).started, '')
    await heldByEngine(launch.held, startContainer(api, container, spec, image.id))
    // It runs already: what it lacks, its own log will say.
    await networks.started(network).catch((error) => options.log?.(`the server does not answer ${id}`, error))
    this.#parts.logs.begin(id, container)
  }

  /**
   * True where there is nothing to start any more: an earlier try's container ran, though the answer may not have come
   * through, or was taken away after it was to run. Else what the try left is cleared.
   */
  async #hasBegun(id: string): Promise<boolean> {
    const { api, options } = this.#parts
    const container = await findContainer(api, containerName(options.root, id))
    if (container ? container.status !== 'created' : await this.hasStarted(id)) return true
    await clearUnstarted(api, options.root, id)
    return false
  }

  /** Why the engine could not do it, where it is away or was: it refuses in many words while it stops. */
  async #engineAway(error: unknown): Promise<EngineUnreachable | undefined> {
    if (error instanceof EngineUnreachable) return error
    if (error instanceof StagingError || error instanceof NoNetwork) return undefined
    if (hasCode(error, 'ECONNRESET')) return new EngineUnreachable('The container engine went away.', { cause: error })
    return await this.#parts.api.call('GET', '/version').then(
      () => undefined,
      (asked) => (asked instanceof EngineUnreachable ? asked : undefined),
    )
  }

  /** True where the engine was asked to start the task's container: where none is there then, somebody took it away. */
  async hasStarted(id: string): Promise<boolean> {
    return await access(dockerFiles(this.#parts.options.root, id).started).then(
      () => true,
      () => false,
    )
  }

  /** What to run, and what it needs to know of this server beyond its specification. */
  async #imageOf({ image }: TaskSpec, onProgress: (message: string) => void, signal: AbortSignal) {
    if (image.kind === 'container') return { reference: image.id, variables: {} }
    const { api, options, worker } = this.#parts
    const built = await options.environment(image, onProgress, signal)
    signal.throwIfAborted()
    return {
      reference: await containerForm(api, worker, built, this.#makings, onProgress, signal),
      variables: built.taskVariables,
    }
  }

  async #fail(id: string, error: unknown): Promise<void> {
    const user = error instanceof StagingError
    const told = user || error instanceof NoNetwork || error instanceof EngineApiError
    if (!told) this.#parts.options.log?.(`the task ${id} could not be started`, error)
    const message = error instanceof Error ? error.message : String(error)
    await this.end(id, {
      phase: 'failed',
      message: user || error instanceof NoNetwork ? message : `The task could not be started: ${message}`,
      fault: user ? 'user' : 'platform',
      ended: Date.now(),
    })
  }
}

/** Removed by hand or by "docker network prune", which takes what no container uses just then. */
function isNetworkGone(error: unknown): boolean {
  return error instanceof EngineApiError && /network \S+ not found|no such network/i.test(error.message)
}

/** Does not give up before all have ended: a try that comes after must not meet what one of them still makes. */
async function together<T extends readonly unknown[]>(
  ...work: T
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  await Promise.allSettled(work)
  return await Promise.all(work)
}

/** What an earlier try left, of this server or of the one before. A container that has run is not touched. */
async function clearUnstarted(api: EngineApi, root: string, id: string): Promise<void> {
  const { started, stage, out } = dockerFiles(root, id)
  await rm(started, { force: true }) // before the container: one that we take away ourselves is not lost
  await removeContainer(api, containerName(root, id))
  await removeVolumes(api, root, id)
  for (const folder of [stage, out]) await rm(folder, { recursive: true, force: true })
}

/** Starts it. Throws StagingError, with the way out, for a command that the image does not have. */
async function startContainer(api: EngineApi, container: string, spec: TaskSpec, image: string): Promise<void> {
  try {
    await api.call('POST', `/containers/${container}/start`)
  } catch (error) {
    if (!(error instanceof EngineApiError)) throw error
    const problem = commandProblem(spec, error.message, await otherPlatform(api, image))
    if (problem === undefined) throw error
    throw new StagingError(problem, { cause: error })
  }
}
