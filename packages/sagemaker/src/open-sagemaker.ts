import {
  type Engine,
  type ExecutionRoles,
  type Hints,
  type LogStore,
  type Objects,
  type Probe,
  Reconciler,
  type RequestContext,
  type RouterTable,
  type Scope,
  type Store,
} from '@sagebrush/core'
import { defaultConfig, type SageMakerConfig } from './config.ts'
import type { Images, SageMakerCollections, SageMakerContext } from './context.ts'
import { endpointSpec } from './endpoint/endpoint.ts'
import { HealthChecks, pingNote } from './endpoint/health-checks.ts'
import { reconcileEndpoint } from './endpoint/reconcile-endpoint.ts'
import { restoreRoutes } from './endpoint/restore-routes.ts'
import { endpointConfigSpec } from './endpoint-config/endpoint-config.ts'
import { finishRemovals } from './finish-removals.ts'
import { LogPump } from './log-pump.ts'
import { modelSpec } from './model/model.ts'
import { sageMakerOperations } from './operations.ts'
import { orphans } from './orphans.ts'
import type { Reconciling, TaskEnvironment } from './reconciling.ts'
import { hintKey, parseHintKey } from './resource-key.ts'
import { endWork, type RunningWork, runningWork } from './running-work.ts'
import { reconcileTrainingJob } from './training-job/reconcile-training-job.ts'
import { CheckpointSync } from './training-job/sync-checkpoints.ts'
import { trainingJobSpec } from './training-job/training-job.ts'

export interface SageMakerOptions {
  readonly store: Store
  readonly hints: Hints
  /** Now. */
  readonly clock: () => Date
  readonly engine: Engine
  readonly logs: LogStore
  readonly objects: Objects
  readonly roles: ExecutionRoles
  readonly images: Images
  /** The data plane's table: `runtime`'s router. */
  readonly router: RouterTable
  readonly probe: Probe
  readonly taskEnvironment: TaskEnvironment
  readonly config?: Partial<SageMakerConfig>
  /** A step that failed: it is tried again. `resource` is the hint's key. */
  readonly log: (event: { readonly message: string; readonly resource: string; readonly error: unknown }) => void
}

export interface SageMaker {
  readonly operations: typeof sageMakerOperations
  context(request: RequestContext): SageMakerContext
  /** Routes to what serves already: before the first request is taken. */
  restoreRoutes(): Promise<void>
  /** Takes up what the server before left unfinished, then follows hints. */
  start(): Promise<void>
  /** The training jobs that have not ended and the endpoints, of all accounts and regions. */
  work(): Promise<readonly RunningWork[]>
  /** Has all of that end, as by StopTrainingJob and DeleteEndpoint; it goes on until `work` is empty. */
  endWork(): Promise<void>
  /** Finishes removals (some seconds at most); resolves once no step is under way. Other tasks go on. */
  close(): Promise<void>
}

/** SageMaker's operations and reconcilers over the given ports. */
export function openSageMaker(options: SageMakerOptions): SageMaker {
  const { store, hints, engine, logs, objects, roles, images, router, probe, taskEnvironment, clock } = options
  const config: SageMakerConfig = { ...defaultConfig, ...options.config }
  const collections: SageMakerCollections = {
    trainingJobs: store.collection(trainingJobSpec),
    models: store.collection(modelSpec),
    endpointConfigs: store.collection(endpointConfigSpec),
    endpoints: store.collection(endpointSpec),
  }
  const owners = new Map<string, string>()
  const pump = new LogPump(engine, logs)
  const sync = new CheckpointSync({ ...collections, engine, objects, config })
  const reconciling: Reconciling = {
    ...collections,
    engine,
    logs,
    pump,
    copyLines: (taskId) => lines.hint(taskId),
    syncCheckpoints: (key) => checkpoints.hint(key),
    checkpoints: sync,
    objects,
    roles,
    hints,
    router,
    probe,
    taskEnvironment,
    config,
    now: clock,
    owners,
    stopping: new Set(),
  }
  const onError = (message: string) => (resource: string, error: unknown) => options.log({ message, resource, error })
  const jobs = new Reconciler({
    kind: 'training-job',
    step: async (key) => {
      const found = parseHintKey('training-job', key)
      return found && reconcileTrainingJob(reconciling, found.scope, found.name)
    },
    onError: onError('a training job could not be reconciled'),
  })
  const health = new HealthChecks(probe, clock, {
    healthy: (taskId) => {
      const owner = owners.get(taskId)
      if (owner !== undefined) endpoints.hint(owner)
    },
    waitedLong: (taskId, wait) => {
      const now = clock()
      pump.say(taskId, { timestamp: now, message: pingNote(wait, now) })
      lines.hint(taskId)
    },
  })
  const endpoints: Reconciler = new Reconciler({
    kind: 'endpoint',
    step: async (key) => {
      const found = parseHintKey('endpoint', key)
      return found && reconcileEndpoint({ ...reconciling, health }, found.scope, found.name)
    },
    onError: onError('an endpoint could not be reconciled'),
  })
  const dispatch = (key: string): void => {
    if (key.startsWith('training-job/')) jobs.hint(key)
    else if (key.startsWith('endpoint/')) endpoints.hint(key)
  }
  const lines: Reconciler = new Reconciler({
    kind: 'log',
    step: async (taskId) => {
      await pump.pump(taskId)
      return undefined
    },
    onError: onError('a log could not be copied'),
  })
  const checkpoints: Reconciler = new Reconciler({
    kind: 'checkpoints',
    step: async (key) => {
      const found = parseHintKey('training-job', key)
      return found && sync.step(found.scope, found.name)
    },
    onError: onError('checkpoints could not be stored'),
  })
  const removals = new Reconciler({
    kind: 'orphan',
    step: async (taskId) => {
      await engine.remove(taskId)
      return undefined
    },
    onError: onError('a task that nothing knows any more could not be removed'),
  })
  const context = (request: RequestContext): SageMakerContext => ({
    ...{ ...request, ...collections, hints, roles, images, objects, engine, config },
  })
  const listeners: (() => void)[] = []
  return {
    operations: sageMakerOperations,
    context,
    work: () => runningWork(collections, health),
    endWork: () => endWork(collections, health, (scope) => context(ownRequest(scope, clock))),
    restoreRoutes: () => restoreRoutes(reconciling),
    start: async () => {
      listeners.push(
        hints.onAny(dispatch),
        engine.watch((taskId) => {
          const owner = owners.get(taskId)
          if (owner === undefined) return
          lines.hint(taskId)
          dispatch(owner)
        }),
      )
      for (const id of await orphans(engine, collections)) removals.hint(id)
      for await (const row of collections.trainingJobs.each([{ field: 'settled', is: 'equal', value: 0 }])) {
        jobs.hint(hintKey('training-job', row.scope, row.name))
      }
      for await (const row of collections.endpoints.each()) endpoints.hint(hintKey('endpoint', row.scope, row.name))
    },
    close: async () => {
      await finishRemovals(collections, config.closeMs)
      for (const stop of listeners.splice(0)) stop()
      health.close()
      await Promise.all([jobs, endpoints, lines, checkpoints, removals].map((reconciler) => reconciler.close()))
    },
  }
}

/** A request that no client sent: the operator's, who owns everything here. */
function ownRequest({ account, region }: Scope, now: () => Date): RequestContext {
  const arn = `arn:aws:iam::${account}:root`
  return {
    caller: { account, region, accessKeyId: '', arn, userId: account },
    requestId: '',
    signal: new AbortController().signal,
    waiter: false,
    headers: {},
    now,
  }
}
