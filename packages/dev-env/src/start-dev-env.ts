import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openServer, type RunningServer } from '@sagebrush/server'
import { type ClientFacts, loadConfig, readClientFacts } from '@sagebrush/server/client'
import { tasksRemoved } from './left-behind.ts'

export interface DevEnvOptions {
  /** Settings as a file would give them: `{ 'limits.startupSeconds': '2' }`. */
  readonly settings?: Readonly<Record<string, string>>
  /** A home that is there already; it is not removed at the end. */
  readonly home?: string
}

/** What AWS's JavaScript clients take. */
export interface ClientSettings {
  readonly endpoint: string
  readonly region: string
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string }
  /** S3: the address is an IP address, so buckets cannot be host names. */
  readonly forcePathStyle: true
  readonly maxAttempts: 1
}

export interface DevEnv {
  readonly url: string
  readonly home: string
  readonly facts: ClientFacts
  readonly client: ClientSettings
  /** Clients of another account that shares nothing with the first. */
  anotherAccount(): Promise<ClientSettings & { readonly account: string }>
  /** Closes the server and opens one on the same home, at the same port. */
  restart(): Promise<void>
  /** Closes it and removes the home; throws where a task, a mount or a temporary file would stay behind. */
  close(): Promise<void>
}

/** A real server in this process, on a free port with a temporary home. */
export async function startDevEnv(options: DevEnvOptions = {}): Promise<DevEnv> {
  const home = options.home ?? (await mkdtemp(join(tmpdir(), 'sb-')))
  const open = (port: number) => {
    const flags = { home, port: String(port), 'log.level': 'warn', ...options.settings }
    return openServer({ config: loadConfig({ flags, environment: cacheOf(process.env) }).config, version: 'dev-env' })
  }
  let server = await open(0)
  const facts = readClientFacts(home)
  return {
    url: server.url,
    home,
    facts,
    client: clientSettings(facts, facts),
    anotherAccount: async () => {
      const account = await server.createAccount()
      return { ...clientSettings(facts, account), account: account.account }
    },
    restart: async () => {
      await server.close()
      server = await open(Number(new URL(server.url).port))
    },
    close: () => shutDown(server, home, options.home === undefined),
  }
}

async function shutDown(server: RunningServer, home: string, temporary: boolean): Promise<void> {
  await tasksRemoved(home)
  const left = await server.removeAllTasks()
  await server.close()
  if (temporary) await rm(home, { recursive: true })
  if (left.length > 0) throw new Error(`The test left tasks behind: ${left.join(', ')}`)
}

/** Tests share the environments of managed images with each other and with the user, and nothing else. */
function cacheOf(environment: NodeJS.ProcessEnv): Record<string, string | undefined> {
  return { SAGEBRUSH_CACHE: environment.SAGEBRUSH_CACHE }
}

function clientSettings(
  facts: ClientFacts,
  key: { readonly accessKeyId: string; readonly secretAccessKey: string },
): ClientSettings {
  return {
    endpoint: facts.url,
    region: facts.region,
    credentials: { accessKeyId: key.accessKeyId, secretAccessKey: key.secretAccessKey },
    forcePathStyle: true,
    maxAttempts: 1,
  }
}
