import { createHash } from 'node:crypto'
import { readFile, rm } from 'node:fs/promises'
import {
  type Caller,
  type ExecutionRoles,
  Hints,
  type LogStore,
  type ManagedImage,
  type ObjectSource,
  type Objects,
  type Probe,
  type Route,
  type RouterTable,
  type Scope,
  StagingError,
  type Store,
  scopeKey,
} from '@sagebrush/core'
import { memoryLogStore, memoryStore } from '@sagebrush/store-kit'
import { openSageMaker, type SageMaker, type SageMakerConfig, type SageMakerContext } from '../index.ts'
import { ScriptedEngine } from './scripted-engine.ts'

export const caller: Caller = {
  account: '123456789012',
  region: 'us-east-1',
  accessKeyId: 'AKIATEST',
  arn: 'arn:aws:sts::123456789012:assumed-role/admin/session',
  userId: 'AROA:session',
}

export const ROLE = 'arn:aws:iam::123456789012:role/SageMakerRole'
export const IMAGE = '683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3'
const managed: ManagedImage = { kind: 'managed', name: 'scikit-learn', version: '1.2', reason: 'asked for 1.2-1' }

/** Objects by URI; `s3://missing/…` is a bucket that is not there. */
export class HeldObjects implements Objects {
  readonly stored = new Map<string, Uint8Array>()
  puts = 0

  async has(scope: Scope, source: ObjectSource): Promise<boolean> {
    if (source.uri.startsWith('s3://missing')) throw new StagingError('The bucket "missing" does not exist')
    const keys = [...this.stored.keys()].filter((key) => key.startsWith(`${scopeKey(scope)}|`))
    const wanted = `${scopeKey(scope)}|${source.uri}`
    return keys.some((key) => (source.kind === 'prefix' ? key.startsWith(wanted) : key === wanted))
  }

  async etag(scope: Scope, uri: string): Promise<string | undefined> {
    const body = this.get(uri, scope)
    return body && createHash('md5').update(body).digest('hex')
  }

  async putFile(scope: Scope, uri: string, file: string): Promise<void> {
    this.stored.set(`${scopeKey(scope)}|${uri}`, await readFile(file))
    await rm(file)
    this.puts++
  }

  put(uri: string, body: string, scope: Scope = caller): void {
    this.stored.set(`${scopeKey(scope)}|${uri}`, Buffer.from(body))
  }

  get(uri: string, scope: Scope = caller): Uint8Array | undefined {
    return this.stored.get(`${scopeKey(scope)}|${uri}`)
  }
}

export class HeldRoutes implements RouterTable {
  readonly routes = new Map<string, Route>()
  readonly busy = new Map<string, number>()

  set(_scope: Scope, endpoint: string, route: Route): void {
    this.routes.set(endpoint, route)
  }

  remove(_scope: Scope, endpoint: string): void {
    this.routes.delete(endpoint)
  }

  inFlight(taskId: string): number {
    return this.busy.get(taskId) ?? 0
  }
}

/** Everything around the service that lives longer than one server: stores, engine, time. */
export class World {
  time = new Date('2026-03-01T12:00:00.000Z')
  readonly now = (): Date => this.time
  readonly engine = new ScriptedEngine(this.now)
  readonly store: Store = memoryStore()
  readonly logs: LogStore = memoryLogStore()
  readonly objects = new HeldObjects()
  readonly routes = new HeldRoutes()
  readonly errors: unknown[] = []
  readonly rolesMade = new Set<string>()
  /** Task addresses that answer `/ping` with 200. */
  readonly healthy = new Set<string>()
  readonly config: Partial<SageMakerConfig>
  credentials: ExecutionRoles['credentials'] = async (_scope, arn, sessionName, seconds) => ({
    accessKeyId: 'ASIATASK',
    secretAccessKey: `${arn} ${sessionName}`,
    sessionToken: String(seconds),
    expires: new Date(this.time.getTime() + seconds * 1000),
  })
  hints = new Hints()
  service: SageMaker

  constructor(config: Partial<SageMakerConfig> = {}) {
    // A crash waits for nothing.
    this.config = { pollMs: 50, closeMs: 0, ...config }
    this.service = this.open()
  }

  open(): SageMaker {
    const probe: Probe = {
      ping: async (address) => (this.healthy.has(JSON.stringify(address)) ? 200 : undefined),
    }
    return openSageMaker({
      store: this.store,
      hints: this.hints,
      clock: this.now,
      engine: this.engine,
      logs: this.logs,
      objects: this.objects,
      router: this.routes,
      probe,
      roles: {
        require: async (_scope, arn) => ({ created: !this.rolesMade.has(arn) && Boolean(this.rolesMade.add(arn)) }),
        credentials: (...asked) => this.credentials(...asked),
      },
      images: {
        resolve: async (uri) =>
          uri.includes('scikit-learn')
            ? { image: managed }
            : { missing: 'The nearest is sagemaker-scikit-learn:1.2-1-cpu-py3.' },
      },
      taskEnvironment: (_scope, credentials) => ({
        AWS_ACCESS_KEY_ID: credentials.accessKeyId,
        AWS_SESSION_TOKEN: credentials.sessionToken,
      }),
      config: this.config,
      log: ({ error }) => this.errors.push(error),
    })
  }

  /** The server dies without any farewell that matters, and another takes its place over the same stores. */
  async restart(): Promise<void> {
    await this.service.close()
    this.hints = new Hints()
    this.routes.routes.clear()
    this.service = this.open()
    await this.service.start()
  }

  context(request: Partial<SageMakerContext> = {}): SageMakerContext {
    return this.service.context({
      caller,
      requestId: 'request',
      signal: new AbortController().signal,
      waiter: false,
      headers: {},
      now: this.now,
      ...request,
    })
  }

  pass(seconds: number): void {
    this.time = new Date(this.time.getTime() + seconds * 1000)
  }
}

/** Polls until `check` gives something; fails after 30 s with the last thing that it threw. */
export async function until<T>(check: () => Promise<T | undefined | false> | T | undefined | false): Promise<T> {
  const deadline = performance.now() + 30_000
  for (;;) {
    const value = await check()
    if (value) return value
    if (performance.now() > deadline) throw new Error('not in time')
    await new Promise((resolve) => setImmediate(resolve))
  }
}
