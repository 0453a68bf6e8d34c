import { mkdir, readFile } from 'node:fs/promises'
import { setTimeout } from 'node:timers/promises'
import { StagingError, type TaskSpec, type TaskState } from '@sagebrush/core'
import { hasCode, type Launch, Launches, readJson, readSpec, replaceJson } from '@sagebrush/task-folder'
import { ToolkitBytecode } from './bytecode.ts'
import { isSupervised } from './control-pipe.ts'
import { EnvironmentError } from './environment.ts'
import type { EnvironmentOrders } from './environment-orders.ts'
import { STATE_FORMAT, type StateFile } from './observe.ts'
import { hintFolder, type ProcessEngineOptions, taskFiles } from './options.ts'
import { makePlan, type Plan } from './plan.ts'
import type { ProbeResult } from './probe.ts'
import { instruct, Supervisors } from './supervisor.ts'

const STATE_POLL_MS = 5
const TAKEN_POLL_MS = 20
/** Exit code of a supervisor that found another one at the task. */
const TAKEN = 75

/** Brings written tasks to their supervisors, in the background; knows of each how far it is. */
export class Launcher {
  readonly #launches: Launches
  readonly #options: ProcessEngineOptions
  readonly #probe: () => Promise<ProbeResult>
  readonly #changed: (id: string) => void
  readonly #supervisors: Supervisors
  readonly #bytecode: ToolkitBytecode
  readonly #environments: EnvironmentOrders

  constructor(
    options: ProcessEngineOptions,
    environments: EnvironmentOrders,
    probe: () => Promise<ProbeResult>,
    changed: (id: string) => void,
  ) {
    this.#options = options
    this.#environments = environments
    this.#probe = probe
    this.#changed = changed
    this.#launches = new Launches(changed)
    this.#supervisors = new Supervisors(options)
    this.#bytecode = new ToolkitBytecode(options)
  }

  /** Has a supervisor ready for the first task. */
  async warm(): Promise<void> {
    const [python] = (await this.#probe()).pythons
    if (python) await this.#supervisors.warm(python.path)
  }

  stateOf(id: string): TaskState | undefined {
    return this.#launches.stateOf(id)
  }

  /** Takes up a task that is written down and has no supervisor. */
  launch(id: string): TaskState {
    return this.#launches.begin(id, async (launch) => {
      try {
        await this.#run(id, launch)
      } catch (error) {
        await this.#fail(id, error, launch.signal)
      }
    })
  }

  /** Breaks off what is not with its supervisor yet. True where there was something to break off. */
  abort(id: string): Promise<boolean> {
    return this.#launches.abort(id)
  }

  async close(): Promise<void> {
    await this.#launches.close()
    await this.#supervisors.close()
  }

  async #run(id: string, launch: Launch): Promise<void> {
    const { root } = this.#options
    const { signal } = launch
    const file = await readSpec(root, id)
    if (!file) return // removed meanwhile
    const { image } = file.spec
    if (image.kind !== 'managed') throw new EnvironmentError(`The process engine cannot run ${image.reference}.`)
    const probe = await this.#probe()
    const options = { ...this.#options, pythons: probe.pythons }
    const onProgress = (message: string) => launch.preparing(message)
    const environment = await this.#environments.wait(image, options, onProgress, signal)
    const python = environment.python.path
    this.#bytecode.compile(python)
    const since = new Date()
    launch.staging(since)
    const plan = () => makePlan(file.spec, since, environment, probe, this.#options)
    // The supervisor of a killed server may be just about to end, or to go on: then the task is left to it.
    while ((await this.#supervise(id, python, file.spec, plan, signal)) === 'taken') {
      await setTimeout(TAKEN_POLL_MS, undefined, { signal })
      if (await isSupervised(taskFiles(root, id).control)) break
    }
    void this.#supervisors.warm(python).catch((error) => this.#options.log?.('no spare supervisor', error))
  }

  /** Has a supervisor take the task and tells it all; `taken` where another one has it. */
  async #supervise(
    id: string,
    python: string,
    spec: TaskSpec,
    plan: () => Promise<Plan>,
    signal: AbortSignal,
  ): Promise<'told' | 'taken'> {
    const { root, objects } = this.#options
    const child = await this.#supervisors.take(python)
    const ended = new Promise((resolve) => child.on('exit', resolve).on('error', resolve))
    void ended.then(() => this.#changed(id))
    try {
      await instruct(child, taskFiles(root, id).folder, plan, spec, objects, signal)
    } catch (error) {
      child.stdin?.end()
      await ended // it has not been told to go, and so ends and leaves nothing
      throw error
    }
    // Until its first word of its own this is where the task's state comes from.
    let over = false
    void ended.then(() => {
      over = true
    })
    const files = taskFiles(root, id)
    while (!over && (await readJson(files.state)) === undefined) await setTimeout(STATE_POLL_MS)
    if ((await readJson(files.state)) !== undefined) return 'told'
    if (child.exitCode === TAKEN) return 'taken'
    if (!(await isSupervised(files.control))) {
      signal.throwIfAborted()
      throw new Error(`its supervisor ended at once: ${await lastWords(files.errors)}`)
    }
    return 'told'
  }

  async #fail(id: string, error: unknown, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return // by close, stop or remove, which say what becomes of the task
    const user = error instanceof StagingError
    const told = user || error instanceof EnvironmentError
    if (!told) this.#options.log?.(`the task ${id} could not be started`, error)
    const message = error instanceof Error ? error.message : String(error)
    await this.end(id, {
      phase: 'failed',
      message: told ? message : `The task could not be started: ${message}`,
      fault: user ? 'user' : 'platform',
      ended: Date.now(),
    })
  }

  /** Ends a task that is to stop, where its environment is still being made. Its wish is written down before. */
  async stopWaiting(id: string): Promise<void> {
    if (this.stateOf(id)?.phase === 'preparing' && (await this.abort(id))) await this.endUnstarted(id)
  }

  /** Of a task that was stopped before its supervisor had it. */
  async endUnstarted(id: string): Promise<void> {
    const now = Date.now()
    const times = { started: now, since: now, ended: now }
    await this.end(id, { phase: 'ended', signal: 'SIGTERM', stopped: true, ...times })
  }

  /** Writes a final state in the supervisor's place. */
  async end(id: string, state: Omit<StateFile, 'format'>): Promise<void> {
    const path = taskFiles(this.#options.root, id).state
    try {
      await replaceJson(path, { format: STATE_FORMAT, ...state })
    } catch (error) {
      if (!hasCode(error, 'ENOENT')) throw error // else removed meanwhile
    }
    this.#changed(id)
  }
}

/** What a broken supervisor printed. */
async function lastWords(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch(() => '')
  return text.trim().slice(-1000) || 'it said nothing'
}

export async function makeRoot(root: string): Promise<void> {
  await mkdir(hintFolder(root), { recursive: true, mode: 0o700 })
}
