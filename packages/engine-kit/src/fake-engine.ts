import { join } from 'node:path'
import type { ObjectReader, TaskLogLine, TaskSpec, TaskState } from '@sagebrush/core'
import type { FakeEngine } from './fake-control.ts'
import { FakeMachine, type FakeTask } from './fake-machine.ts'
import { isFinal } from './phases.ts'
import { play } from './play.ts'

export interface FakeEngineOptions {
  /** What an earlier fake left: the same tasks, as after a restart of the server. Default: a machine of its own. */
  readonly machine?: FakeMachine
  /** Plays commands made by `fakeCommand`, as a real engine would; else tasks go on only when told. */
  readonly plays?: boolean
  readonly objects?: ObjectReader
  readonly now?: () => Date
  /** Refuses what it returns a message for. */
  readonly refuses?: (spec: Pick<TaskSpec, 'image' | 'command' | 'hosts' | 'serves'>) => string | undefined
}

/**
 * The reference of the port, to be read beside it. A started task is `staging` until it is told otherwise. Archives
 * are real files below the machine's temporary folder, which `machine.dispose()` deletes.
 */
export function fakeEngine(options: FakeEngineOptions = {}): FakeEngine {
  const now = options.now ?? (() => new Date())
  const machine = options.machine ?? new FakeMachine()
  const own = new Set<(id: string) => void>()

  const known = (id: string): FakeTask => {
    const task = machine.tasks.get(id)
    if (!task) throw new Error(`the fake engine has no task ${id}`)
    return task
  }
  const change = (id: string, state: TaskState) => {
    const task = known(id)
    if (isFinal(task.state)) throw new Error(`the task ${id} has ended`)
    task.state = state
    machine.changed(id)
  }
  const startedOf = ({ state }: FakeTask) => ('started' in state ? state.started : now())

  const engine: FakeEngine = {
    name: 'fake',
    networkInterface: () => 'eth0',
    machine,
    refuses: async (spec) => options.refuses?.(spec),
    start: async (spec) => {
      if (machine.tasks.has(spec.id)) return
      machine.tasks.set(spec.id, {
        spec,
        state: { phase: 'staging', since: now() },
        lines: [],
        stop: new AbortController(),
      })
      machine.changed(spec.id)
      if (options.plays) void play(engine, spec, known(spec.id), options.objects)
    },
    observe: async (id) => machine.tasks.get(id)?.state ?? { phase: 'absent' },
    stop: async (id, graceMs) => {
      const task = machine.tasks.get(id)
      if (!task || isFinal(task.state)) return
      task.graceMs = Math.min(graceMs, task.graceMs ?? graceMs)
      task.stop.abort()
      machine.changed(id)
    },
    logs: async (id, cursor) => {
      const lines: readonly TaskLogLine[] = machine.tasks.get(id)?.lines.slice(Number(cursor ?? 0)) ?? []
      return { lines, cursor: String(Number(cursor ?? 0) + lines.length) }
    },
    snapshot: async (id, archive) => {
      const task = machine.tasks.get(id)
      if (task?.state.phase !== 'running') return undefined
      const output = task.spec.outputs.find((one) => one.archive === archive)
      if (!output) throw new TypeError(`the task ${id} has no output "${archive}"`)
      return await machine.snapshot(id, archive, join(machine.folder(id), output.path))
    },
    remove: async (id) => {
      machine.tasks.get(id)?.stop.abort()
      machine.tasks.delete(id)
      await machine.deleteFiles(id)
      machine.changed(id)
    },
    list: async () => [...machine.tasks.keys()].sort(),
    watch: (listener) => {
      machine.listeners.add(listener)
      own.add(listener)
      return () => machine.listeners.delete(listener)
    },
    close: async () => {
      for (const listener of own) machine.listeners.delete(listener)
    },

    spec: (id) => machine.tasks.get(id)?.spec,
    stopRequested: (id) => machine.tasks.get(id)?.graceMs,
    prepare: (id, message) => change(id, { phase: 'preparing', message, since: now() }),
    stage: (id) => change(id, { phase: 'staging', since: now() }),
    run: (id, address) => change(id, { phase: 'running', started: now(), ...(address && { address }) }),
    log: (id, line) => {
      const last = known(id).lines.at(-1)?.timestamp.getTime() ?? 0
      known(id).lines.push({ timestamp: new Date(Math.max(last, now().getTime())), message: line })
      machine.changed(id)
    },
    collect: (id) => change(id, { phase: 'collecting', started: startedOf(known(id)), since: now() }),
    finish: async (id, end = {}) => {
      const task = known(id)
      const { code, signal, outOfMemory = false, stopped = task.stop.signal.aborted, failure, outputError } = end
      const collectingSince = task.state.phase === 'collecting' ? task.state.since : now()
      const outputs = await machine.archive(id, end.outputs ?? {})
      change(id, {
        phase: 'ended',
        exit: { ...(signal === undefined ? { code: code ?? 0 } : { signal }), outOfMemory, stopped },
        ...(failure !== undefined && { failure: failure.slice(0, 1024) }),
        ...(outputError !== undefined && { outputError }),
        lastLines: task.lines.slice(-20).map(({ message }) => message),
        outputs,
        started: startedOf(task),
        collectingSince,
        ended: now(),
      })
    },
    fail: (id, message, fault = 'user') => change(id, { phase: 'failed', message, fault, ended: now() }),
  }
  return engine
}
