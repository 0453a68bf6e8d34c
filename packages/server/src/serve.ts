import { createServer } from 'node:http'
import type { FileStore } from '@sagebrush/store-sqlite'
import { openAdmin } from './admin.ts'
import { removeSnapshots } from './backup/snapshot.ts'
import type { Config } from './config/settings.ts'
import { TaskListeners } from './engines/task-listeners.ts'
import { type ClientFacts, writeClientFiles } from './home/client-files.ts'
import { type Home, pidNamespace } from './home/open-home.ts'
import { closeListener, listen } from './listen.ts'
import { openServerLog, type ServerLog, type ServerLogOptions } from './log/server-log.ts'
import { openGateway } from './open-gateway.ts'
import { openServices, type Services } from './open-services.ts'
import { openForwardProxy } from './proxy.ts'
import type { TaskFacts } from './task-environment.ts'

export interface ServerOptions {
  readonly config: Config
  readonly version: string
  /** Where people read the log along; the file is written either way. */
  readonly console?: ServerLogOptions['console']
}

/** A key of an account, as clients take it. */
export interface AccountKey {
  readonly account: string
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

export interface RunningServer {
  readonly url: string
  readonly facts: ClientFacts
  /** A further account, which shares nothing with the others. */
  createAccount(): Promise<AccountKey>
  /** How many tasks run, of jobs and endpoints: they go on when the server closes. */
  tasks(): Promise<number>
  /** Kills every task and removes its files; resolves to their ids. For tests and demonstrations. */
  removeAllTasks(): Promise<readonly string[]>
  /** Stops answering and reconciling, and lets go of the home. Tasks go on. */
  close(): Promise<void>
}

/** What was opened, to be closed in the opposite order. */
export type Closers = (() => Promise<unknown> | unknown)[]

/** What a server stands on: a home that is this process's, and its store. */
export interface Ground {
  readonly home: Home
  readonly store: FileStore
  /** Gets what is opened on it. */
  readonly closers: Closers
  /** Runs the closers. */
  readonly close: () => Promise<void>
}

const DAY_MS = 86_400_000

/** Every service on one listener. Throws `PortTaken` in words; what was opened by then is in `closers`. */
export async function serve(
  { home, store, closers, close }: Ground,
  { config, version, console }: ServerOptions,
): Promise<RunningServer> {
  const clock = () => new Date()
  await removeSnapshots(home.path, 0)
  const { 'log.level': level, 'log.maxBytes': maxBytes } = config
  const log = openServerLog({ folder: home.path, level, maxBytes, now: clock, console })
  // Known once it listens, and asked for only by tasks and clients, which come later.
  let facts: ClientFacts | undefined
  let taskFacts: TaskFacts | undefined
  const taskListeners = new TaskListeners()
  closers.push(() => taskListeners.close())
  const services = await openServices({
    ...{ config, home, store, clock, log, closers, taskListeners },
    taskFacts: () => taskFacts,
  })
  const key = await services.identity.bootstrap(config.account || undefined)

  const server = createServer({ keepAliveTimeout: 75_000, requestTimeout: 0 })
  const admin = openAdmin({
    version,
    status: async () => ({
      url: facts?.url,
      home: home.path,
      account: facts?.account,
      region: facts?.region,
      engine: await services.engines(),
      tasks: (await services.engine.list()).length,
      work: await services.sagemaker.work(),
    }),
    collectGarbage: () => services.collectGarbage(),
    endWork: async () => {
      await services.sagemaker.endWork()
      return { work: await services.sagemaker.work() }
    },
    snapshot: async () => ({ folder: await services.snapshot() }),
  })
  const gateway = openGateway({
    ...{ services, config, clock, log },
    before: (request, response) => (proxy?.takes(request, response) ?? false) || admin.listener(request, response),
  })
  const { accessKeys } = services.identity
  const proxy = await openForwardProxy({ config, home, clock, log, target: gateway, accessKeys })
  closers.push(() => proxy?.close())
  gateway.attach(server)
  proxy?.attach(server)
  await services.sagemaker.restoreRoutes()
  const url = await listen(server, config.host, config.port)
  closers.push(() => closeListener(server))
  taskListeners.open(server, config.host, Number(new URL(url).port))
  const { accessKeyId, secretAccessKey, account, roleArn } = key
  const known: ClientFacts = {
    url,
    region: config.region,
    account,
    accessKeyId,
    secretAccessKey,
    roleArn,
    proxyUrl: proxy?.url(url),
    caBundle: proxy?.caBundle,
  }
  facts = known
  taskFacts = { url, caBundle: proxy?.taskCaBundle, proxyUrl: proxy && ((id) => proxy.urlFor(url, id)) }
  await writeClientFiles(home.path, known)

  closers.push(() => services.sagemaker.close())
  await services.sagemaker.start()
  const nightly = setInterval(() => void collectGarbage(services, log), DAY_MS)
  closers.push(() => clearInterval(nightly))
  await home.publish({
    pid: process.pid,
    pidNamespace: pidNamespace(),
    url,
    started: clock().toISOString(),
    version,
    token: admin.token,
  })
  log.info('started', { url, home: home.path, version })
  return {
    url,
    facts: known,
    createAccount: () => services.identity.createAccount(),
    tasks: async () => (await services.engine.list()).length,
    removeAllTasks: async () => {
      const ids = await services.engine.list()
      await Promise.all(ids.map((id) => services.engine.remove(id)))
      return ids
    },
    close: async () => {
      log.info('stopping')
      await close()
    },
  }
}

async function collectGarbage(services: Services, log: ServerLog): Promise<void> {
  try {
    log.info('collected garbage', await services.collectGarbage())
  } catch (error) {
    log.error('garbage could not be collected', { error })
  }
}
