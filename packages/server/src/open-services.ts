import { openBlobs } from '@sagebrush/blobs-fs'
import { type Engine, Hints, RightOfWay, type Store } from '@sagebrush/core'
import type { TaskNetwork } from '@sagebrush/engine-docker'
import { type Identity, openIdentity } from '@sagebrush/identity'
import { type Logs, openLogs } from '@sagebrush/logs'
import { openLogStore } from '@sagebrush/logs-fs'
import { httpProbe, openRuntime, type Runtime } from '@sagebrush/runtime'
import { openS3, type S3 } from '@sagebrush/s3'
import { openSageMaker, type SageMaker } from '@sagebrush/sagemaker'
import type { FileStore } from '@sagebrush/store-sqlite'
import { takeSnapshot } from './backup/snapshot.ts'
import type { Config } from './config/settings.ts'
import { openEngines } from './engines/open-engines.ts'
import type { TaskListeners } from './engines/task-listeners.ts'
import type { Home } from './home/open-home.ts'
import type { LogFields, ServerLog } from './log/server-log.ts'
import { type TaskFacts, taskEnvironment } from './task-environment.ts'

export interface ServicesOptions {
  readonly config: Config
  readonly home: Home
  readonly store: FileStore
  readonly clock: () => Date
  readonly log: ServerLog
  /** Gets what must be closed, in the order of opening. */
  readonly closers: (() => Promise<unknown> | unknown)[]
  /** Known once the server listens. */
  readonly taskFacts: () => TaskFacts | undefined
  readonly taskListeners: TaskListeners
}

/** Every service over its adapters: here L2 and L3 meet, and nowhere else. */
export interface Services {
  readonly identity: Identity
  readonly s3: S3
  readonly logs: Logs
  readonly runtime: Runtime
  readonly sagemaker: SageMaker
  readonly engine: Engine
  /** Which engines would take a task now, in words. */
  readonly engines: () => Promise<string>
  readonly store: Store
  /** Removes what nothing refers to; says how much of each kind. */
  collectGarbage(): Promise<Record<string, unknown>>
  /** A folder that holds the home as it is now; the caller removes it. */
  snapshot(): Promise<string>
}

export async function openServices(options: ServicesOptions): Promise<Services> {
  const { config, home, store, clock, log, closers, taskFacts, taskListeners } = options
  const rightOfWay = new RightOfWay()
  const [blobs, logStore] = await Promise.all([
    openBlobs({ root: home.folder('blobs'), giveWay: () => rightOfWay.giveWay() }),
    openLogStore({ root: home.folder('logs') }),
  ])
  closers.push(() => logStore.close())

  const mode = config['iam.mode']
  const write = (level: 'info' | 'warn', message: string, fields: LogFields) => log[level](message, fields)
  const identity = await openIdentity({ store, clock, config: { mode }, log: write })
  const s3 = openS3({ store, blobs, clock, config: { makeBuckets: mode === 'auto' }, log })
  const logs = openLogs({ logStore, store, clock })
  const runtime = openRuntime(
    {
      maxBodyBytes: config['limits.invokeBodyBytes'],
      invocationTimeoutMs: config['limits.invokeTimeoutSeconds'] * 1000,
    },
    rightOfWay,
  )
  closers.push(() => runtime.close())
  const answerOn = (network: TaskNetwork) => taskListeners.answerOn(network)
  const { engine, images, describe } = await openEngines({ config, home, objects: s3.reader, log, answerOn })
  closers.push(() => engine.close())
  const sagemaker = openSageMaker({
    store,
    hints: new Hints(),
    clock,
    engine,
    logs: logStore,
    objects: s3.objects,
    roles: identity.roles,
    images,
    router: runtime.router,
    probe: httpProbe,
    taskEnvironment: (scope, credentials) => {
      const known = taskFacts()
      if (!known) throw new Error('a task was to start before the server listens')
      return taskEnvironment(known, scope, credentials)
    },
    config: {
      trainingInstances: config['limits.trainingInstances'],
      endpointInstances: config['limits.endpointInstances'],
      maxRuntimeSeconds: config['limits.trainingRuntimeSeconds'],
      checkpointSyncMs: config['training.checkpointSyncSeconds'] * 1000,
      trainingStopGraceMs: config['limits.trainingStopSeconds'] * 1000,
      servingStopGraceMs: config['limits.servingStopSeconds'] * 1000,
      startupHealthCheckMs: config['limits.startupSeconds'] * 1000,
    },
    log: ({ message, resource, error }) => log.error(message, { resource, error }),
  })
  return {
    ...{ identity, s3, logs, runtime, sagemaker, engine, store },
    engines: describe,
    collectGarbage: async () => ({
      objects: await s3.collectGarbage(),
      expiredKeys: await identity.sweep(),
      expiredLogStreams: await logs.expire(),
    }),
    snapshot: () => takeSnapshot(home.path, { store, blobs, logStore }),
  }
}
