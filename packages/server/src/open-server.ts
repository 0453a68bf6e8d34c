import { randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { openBlobs } from '@sagebrush/blobs-fs'
import { Hints } from '@sagebrush/core'
import { openIdentity } from '@sagebrush/identity'
import { openLogs } from '@sagebrush/logs'
import { openLogStore } from '@sagebrush/logs-fs'
import { createGateway, hostService } from '@sagebrush/protocols'
import { openRuntime } from '@sagebrush/runtime'
import { openS3 } from '@sagebrush/s3'
import { openSageMaker } from '@sagebrush/sagemaker'
import { openStore } from '@sagebrush/store-sqlite'
import { adminListener } from './admin.ts'
import type { Config } from './config/settings.ts'
import { openEngine } from './engine.ts'
import { type ClientFacts, writeClientFiles } from './home/client-files.ts'
import { type Home, openHome } from './home/open-home.ts'
import { listen } from './listen.ts'
import { openServerLog, type ServerLog, type ServerLogOptions } from './log/server-log.ts'
import { attachProxy } from './proxy.ts'
import { taskEnvironment } from './task-environment.ts'

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
  /** Kills every task and removes its files; resolves to their ids. For tests and demonstrations. */
  removeAllTasks(): Promise<readonly string[]>
  /** Stops answering and reconciling, and lets go of the home. Tasks go on. */
  close(): Promise<void>
}

/** Opens a home and answers for it. Throws `HomeError`, `PortTaken`, `HomeTooNew` in words; then nothing stays open. */
export async function openServer(options: ServerOptions): Promise<RunningServer> {
  const home = openHome(options.config.home)
  const closers: (() => Promise<unknown> | unknown)[] = [() => home.release()]
  const close = async () => {
    for (const closer of closers.splice(0).reverse()) await closer()
  }
  try {
    return await open(home, options, closers, close)
  } catch (error) {
    await close()
    throw error
  }
}

async function open(
  home: Home,
  { config, version, console }: ServerOptions,
  closers: (() => Promise<unknown> | unknown)[],
  close: () => Promise<void>,
): Promise<RunningServer> {
  const clock = () => new Date()
  const log = openServerLog({
    folder: home.path,
    level: config['log.level'],
    maxBytes: config['log.maxBytes'],
    now: clock,
    console,
  })
  const store = await openStore({ path: join(home.folder('store'), 'state.db') })
  closers.push(() => store.close())
  const [blobs, logStore] = await Promise.all([
    openBlobs({ root: home.folder('blobs') }),
    openLogStore({ root: home.folder('logs') }),
  ])
  closers.push(() => logStore.close())

  const hints = new Hints()
  const write = (level: 'info' | 'warn', message: string, fields: Readonly<Record<string, unknown>>) =>
    log[level](message, fields)
  const mode = config['iam.mode']
  const identity = await openIdentity({ store, clock, config: { mode }, log: write })
  const key = await identity.bootstrap(config.account || undefined)
  const s3 = openS3({ store, blobs, clock, config: { makeBuckets: mode === 'auto' }, log: write })
  const logs = openLogs({ logStore, store, clock })
  const runtime = openRuntime({
    clock,
    config: {
      bodyLimitBytes: config['limits.invokeBodyBytes'],
      timeoutMs: config['limits.invokeTimeoutSeconds'] * 1000,
    },
  })
  closers.push(() => runtime.close())
  const { engine, images } = await openEngine({ config, home, objects: s3.reader, log })
  closers.push(() => engine.close())

  const server = createServer({ keepAliveTimeout: 75_000, requestTimeout: 0 })
  const token = randomBytes(24).toString('base64url')
  const sagemaker = openSageMaker({
    store,
    hints,
    clock,
    engine,
    logs: logStore,
    objects: s3.objects,
    roles: identity.roles,
    images,
    router: runtime.router,
    probe: runtime.probe,
    taskEnvironment: (scope, credentials) => taskEnvironment(facts, scope, credentials),
    config: {
      maxRuntimeSeconds: config['limits.trainingRuntimeSeconds'],
      startupHealthCheckMs: config['limits.startupSeconds'] * 1000,
    },
    log: ({ message, resource, error }) => log.error(message, { resource, error }),
  })
  const gateway = createGateway({
    services: [
      hostService({ model: 'sagemaker', operations: sagemaker.operations, context: sagemaker.context }),
      hostService({
        model: 'sagemaker-runtime',
        operations: runtime.operations,
        context: runtime.context,
        bodyLimitBytes: config['limits.invokeBodyBytes'],
      }),
      hostService({ model: 's3', operations: s3.operations, context: s3.context }),
      hostService({
        model: 'logs',
        operations: logs.operations,
        context: (request) => ({ ...request, ...logs.context }),
      }),
      hostService({
        model: 'sts',
        operations: identity.sts.operations,
        context: (request) => ({ ...request, ...identity.sts.context }),
      }),
      hostService({
        model: 'iam',
        operations: identity.iam.operations,
        context: (request) => ({ ...request, ...identity.iam.context }),
      }),
    ],
    accessKeys: identity.accessKeys,
    now: clock,
    log: ({ requestId, service, operation, error }) =>
      log.error('a request failed', { requestId, service, operation, error }),
    answered: (request) => log.debug('answered', { ...request }),
    before: adminListener({
      version,
      token,
      status: async () => ({
        url,
        home: home.path,
        engine: engine.name,
        tasks: (await engine.list()).length,
        account: key.account,
      }),
      collectGarbage: () => collectGarbage(),
    }),
  })
  gateway.attach(server)
  const url = await listen(server, config.host, config.port)
  closers.push(() => closeListener(server))
  const proxy = config['proxy.enabled'] ? await attachProxy({ server, url, config, home, log }) : {}
  const { accessKeyId, secretAccessKey, account, roleArn } = key
  const facts: ClientFacts = { url, region: config.region, account, accessKeyId, secretAccessKey, roleArn, ...proxy }
  await writeClientFiles(home.path, facts)

  const collectGarbage = async () => ({
    objects: await s3.collectGarbage(),
    expiredKeys: await identity.sweep(),
    expiredLogStreams: await logs.expire(),
    ...(await sagemaker.collectGarbage()),
  })
  await sagemaker.start()
  closers.push(() => sagemaker.close())
  const nightly = setInterval(() => void sweep(collectGarbage, log), DAY_MS)
  closers.push(() => clearInterval(nightly))
  await home.publish({ pid: process.pid, url, started: clock().toISOString(), version, token })
  log.info('started', { url, home: home.path, version })
  return {
    url,
    facts,
    createAccount: () => identity.createAccount(),
    removeAllTasks: async () => {
      const ids = await engine.list()
      await Promise.all(ids.map((id) => engine.remove(id)))
      return ids
    },
    close: async () => {
      log.info('stopping')
      await close()
    },
  }
}

const DAY_MS = 86_400_000

async function sweep(collectGarbage: () => Promise<unknown>, log: ServerLog): Promise<void> {
  try {
    log.info('collected garbage', { result: await collectGarbage() })
  } catch (error) {
    log.error('garbage could not be collected', { error })
  }
}
