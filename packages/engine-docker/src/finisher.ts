import type { TaskSpec, TaskState } from '@sagebrush/core'
import { hasCode, replaceJson } from '@sagebrush/task-folder'
import type { Container } from './container.ts'
import { EngineApiError, EngineUnreachable } from './engine-api.ts'
import { type FinishParts, finishTask } from './finish.ts'
import { dockerFiles } from './options.ts'
import { readState, STATE_FORMAT, type StateFile } from './state-file.ts'

/** Brings ended containers to their task's last state, in the background, each once. */
export class Finisher {
  readonly #parts: FinishParts & { readonly changed: (id: string) => void }
  readonly #under = new Map<string, { readonly state: TaskState; readonly done: Promise<void> }>()
  #closed = false

  constructor(parts: FinishParts & { readonly changed: (id: string) => void }) {
    this.#parts = parts
  }

  /** The state of a task whose container has ended and whose outputs are being taken. */
  state(spec: TaskSpec, container: Container): TaskState {
    const known = this.#under.get(spec.id)
    if (known) return known.state
    const state = { phase: 'collecting', started: container.started, since: new Date() } as const
    if (this.#closed) return state
    const done = this.#finish(spec, container).finally(() => {
      this.#under.delete(spec.id)
      this.#parts.changed(spec.id)
    })
    this.#under.set(spec.id, { state, done })
    return state
  }

  /** A task whose container was there and is not any more. */
  async lost({ id }: TaskSpec): Promise<TaskState> {
    return await this.#write(id, {
      format: STATE_FORMAT,
      phase: 'failed',
      message:
        'The container of the task is gone: somebody removed it ("docker rm"), or the container engine lost it. ' +
        'What it had printed until then is in its log; its outputs are gone with it.',
      fault: 'platform',
      ended: Date.now(),
    })
  }

  /** A task that was stopped before its container ran. */
  async unstarted(id: string): Promise<TaskState> {
    const now = Date.now()
    const times = { started: now, since: now, ended: now }
    return await this.#write(id, {
      format: STATE_FORMAT,
      phase: 'ended',
      signal: 'SIGTERM',
      stopped: true,
      ...times,
    })
  }

  /** Resolves once nothing is under way for the task any more. */
  async settled(id: string): Promise<void> {
    await this.#under.get(id)?.done
  }

  async close(): Promise<void> {
    this.#closed = true
    await Promise.all([...this.#under.values()].map(({ done }) => done))
  }

  async #finish(spec: TaskSpec, container: Container): Promise<void> {
    try {
      await this.#write(spec.id, await finishTask(this.#parts, spec, container))
    } catch (error) {
      if (this.#closed) return
      // Removed by the task's end, or the engine is away: whoever looks next begins again.
      if (error instanceof EngineUnreachable || (error instanceof EngineApiError && error.status === 404)) return
      this.#parts.options.log?.(`the outputs of ${spec.id} could not be taken yet`, error)
      await new Promise((resolve) => setTimeout(resolve, 1_000))
    }
  }

  async #write(id: string, file: StateFile): Promise<TaskState> {
    const path = dockerFiles(this.#parts.options.root, id).state
    try {
      await replaceJson(path, file)
    } catch (error) {
      if (!hasCode(error, 'ENOENT')) throw error // else removed meanwhile
    }
    return (await readState(path)) ?? { phase: 'absent' }
  }
}
