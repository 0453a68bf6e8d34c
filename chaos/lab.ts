import { leftBehind } from '@sagebrush/dev-env'
import { bucket, type Clients, openClients } from './clients.ts'
import { Endpoints } from './endpoints.ts'
import { type EngineUnderTest, engines } from './engines.ts'
import { Fleet } from './fleet.ts'
import { Load } from './load.ts'
import { processesOfTasks, scriptsOf } from './processes.ts'
import type { Random } from './random.ts'
import type { Options } from './scenario.ts'
import { ServerUnderTest } from './server.ts'

/** A server with jobs and an endpoint under load, and all that is needed to do it harm. */
export interface Lab {
  readonly server: ServerUnderTest
  readonly engine: EngineUnderTest
  readonly clients: Clients
  readonly fleet: Fleet
  readonly endpoints: Endpoints
  readonly load: Load
  /** The endpoint under load. */
  readonly endpoint: string
  /** Begins the name of everything in this lab. */
  readonly run: string
}

/** Work that is finished in some 20 s, so that jobs of every age are there; the short form's in 8 s. */
export function workOf({ short }: Pick<Options, 'short'>) {
  return {
    lines: short ? 2_500 : 10_000,
    linesPerSecond: short ? 400 : 500,
    artifactBytes: (short ? 24 : 48) * 1024 * 1024,
    channelObjects: short ? 300 : 1_000,
  }
}

export async function withLab(
  options: Options,
  random: Random,
  say: (text: string) => void,
  work: (lab: Lab) => Promise<void>,
  diskMiB?: number,
): Promise<void> {
  const engine = engines[options.engine]
  const run = `chaos-${random.below(1e9).toString(36)}`
  const server = await ServerUnderTest.open(options.engine, diskMiB)
  const stop = () => abandon(server, engine, run)
  process.once('SIGINT', stop).once('SIGTERM', stop)
  let lab: Lab | undefined
  let whole = false
  try {
    await server.up()
    const clients = openClients(server.home)
    await clients.s3.createBucket({ Bucket: bucket })
    const endpoints = new Endpoints(clients, run)
    const fleet = new Fleet({ clients, run, random, ...workOf(options) })
    say('uploading code, channel and model')
    await fleet.upload()
    await endpoints.defineModels()
    const endpoint = await endpoints.create('loaded')
    await endpoints.inService(endpoint)
    const load = new Load(clients, endpoints, endpoint)
    lab = { server, engine, clients, fleet, endpoints, load, endpoint, run }
    load.start()
    await work(lab)
    await load.stop()
    await endpoints.deleteAll()
    await server.down()
    const left = [
      ...(await leftBehind(server.home)).filter((what) => !server.isOwnDisk(what)),
      ...server.temporaryFiles(),
      ...(await engine.leftBehind(server.home)),
      ...processesLeft(run),
    ]
    if (left.length > 0) throw new Error(`is left behind: ${left.join('; ')}`)
    whole = true
  } finally {
    await lab?.load.stop()
    lab?.clients.close()
    await server.kill()
    killTasks(run)
    if (!whole && !options.keep) engine.removeLeftBehind(server.home)
    process.off('SIGINT', stop).off('SIGTERM', stop)
    if (options.keep && !whole) say(`kept ${server.home}`)
    else server.removeFolder()
  }
}

function processesLeft(run: string): string[] {
  const pattern = new RegExp(`${run}-[a-z0-9-]+`)
  return [...scriptsOf(pattern), ...processesOfTasks(pattern)].map(
    ([token, processes]) => `processes ${processes.map(({ pid }) => pid).join()} of ${token}`,
  )
}

/** Only where the run failed or was interrupted: nothing of it may go on. */
function killTasks(run: string): void {
  const pattern = new RegExp(`${run}-[a-z0-9-]+`)
  for (const { pid } of [...processesOfTasks(pattern).values()].flat()) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // it has just ended
    }
  }
}

/** At once, or the run would go on with its next part. */
function abandon(server: ServerUnderTest, engine: EngineUnderTest, run: string): void {
  void server.kill()
  killTasks(run)
  engine.removeLeftBehind(server.home)
  server.removeFolder()
  process.exit(130)
}
