import { homedir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Engine, ObjectReader, TaskImage } from '@sagebrush/core'
import { type DockerEngine, EngineUnreachable, openDockerEngine, type TaskNetwork } from '@sagebrush/engine-docker'
import { openProcessEngine, type ProcessEngine, packageIndex } from '@sagebrush/engine-process'
import { type ImageTable, loadImages } from '@sagebrush/managed-images'
import type { Config } from '../config/settings.ts'
import { homeCaches, openHomeCache, sweepHomeCaches, taskBundle } from '../home/home-cache.ts'
import type { Home } from '../home/open-home.ts'
import { installed } from '../installation.ts'
import type { ServerLog } from '../log/server-log.ts'
import { dockerAddress } from './docker-address.ts'
import { routedEngine } from './routed-engine.ts'

/** A task has no business in them: the keys that the server's user has for other places. */
const secretFolders = ['.aws', '.ssh', '.gnupg', '.kube', '.docker', '.netrc'].map((name) => join(homedir(), name))

export interface EnginesOptions {
  readonly config: Config
  readonly home: Home
  readonly objects: ObjectReader
  readonly log: ServerLog
  readonly answerOn: (network: TaskNetwork) => Promise<void>
}

const PATIENCE_MS = 2000

type Resolved = { readonly image: TaskImage } | { readonly missing: string }

/** The resolution table of image references, and the engines that run what they resolve to. */
export interface OpenedEngines {
  readonly engine: Engine
  /** Which engines would take a task now, in words: a container engine comes and goes. */
  readonly describe: () => Promise<string>
  readonly images: { resolve(uri: string): Promise<Resolved> }
}

/**
 * The process engine runs managed images, and a container engine, where one answers, all others: scripts start four
 * times as fast without a container (`decisions/0004-…`). The setting `engine` gives everything to one of them.
 */
export async function openEngines(options: EnginesOptions): Promise<OpenedEngines> {
  const { config, log } = options
  // Filled in once the machine has answered: asking every Python takes longer than the whole start.
  const pythons: string[] = []
  const images = await loadImages(installed('images'), pythons)
  const processEngine = await openProcess(options, images)
  const asked = processEngine.probe().then((found) => pythons.push(...found.pythons.map(({ version }) => version)))
  asked.catch((error) => log.error('the machine could not be asked for its Pythons', { error }))
  const managed = async (uri: string): Promise<TaskImage | undefined> => {
    await asked
    return images.resolve(uri)
  }
  if (config.engine === 'process') {
    return {
      engine: processEngine,
      describe: async () => processEngine.name,
      images: { resolve: async (uri) => byProcess(await managed(uri), images, uri) },
    }
  }
  const docker = await openDocker(options, processEngine)
  const engine = routedEngine({
    engines: [processEngine, docker],
    choose: ({ kind }) => (kind === 'container' || config.engine === 'docker' ? docker : processEngine),
  })
  const describe = async () => {
    const away = await absence(docker)
    return away ? `${processEngine.name}. ${away}` : engine.name
  }
  return { engine, describe, images: { resolve: (uri) => resolve(docker, managed, images, uri) } }
}

async function openProcess({ config, home, objects, log }: EnginesOptions, images: ImageTable) {
  const homeCache = openHomeCache(config.cache, home.path)
  const bundle = taskBundle(homeCache)
  // Nobody waits for it; temporary homes leave much behind.
  sweepHomeCaches(config.cache).catch((error) => log.error('the caches of former homes stay', { error }))
  return await openProcessEngine({
    root: home.folder('tasks'),
    cache: config.cache,
    homeCache,
    objects,
    images,
    toolkit: installed('python/toolkit'),
    agent: installed('python/agent'),
    hide: [home.path, homeCaches(config.cache), ...secretFolders],
    show: [bundle],
    server: { host: ownHost(config.host), caBundle: bundle },
    variables: process.env,
    isolation: config['process.namespaces'] === 'off' ? 'none' : 'auto',
    log: (message, error) => log.error(message, { error }),
  })
}

async function openDocker(
  { config, home, objects, log, answerOn }: EnginesOptions,
  processEngine: ProcessEngine,
): Promise<DockerEngine> {
  return await openDockerEngine({
    root: home.folder('containers'),
    address: dockerAddress(config['docker.host']),
    objects,
    environment: async (image, onProgress, signal) => {
      const { folder, python, recipe } = await processEngine.environment(image, onProgress, signal)
      return {
        ...{ image: image.name, version: image.version, folder, python: python.version },
        toolkit: installed('python/toolkit'),
        variables: recipe.environment,
        taskVariables: packageIndex(process.env),
      }
    },
    caBundle: config['proxy.enabled'] ? taskBundle(openHomeCache(config.cache, home.path)) : undefined,
    answerOn,
    spareNetworks: config['docker.spareNetworks'],
    processes: config['docker.processes'],
    readOnlyRoot: config['docker.readOnlyRoot'],
    log: (message, error) => log.error(message, { error }),
  })
}

/** An image of the container engine, else the managed one that stands in; words for the user where nothing does. */
async function resolve(
  docker: DockerEngine,
  managed: (uri: string) => Promise<TaskImage | undefined>,
  images: ImageTable,
  uri: string,
): Promise<Resolved> {
  const [found, standIn] = await Promise.all([orAway(docker.find(uri)), managed(uri)])
  if (found && !(found instanceof Error)) return { image: found }
  if (standIn) return { image: standIn }
  const nearest = found ?? (await orAway(docker.nearest(uri)))
  if (nearest instanceof Error) return { missing: `${noStandIn(images, uri)} ${nearest.message}` }
  // Who names an image of AWS's own means the managed one, and could not pull it without an account.
  if (/\.dkr\.ecr[.-]/.test(uri)) {
    return { missing: `${noStandIn(images, uri)} The container engine has no image of that name either.` }
  }
  const like = nearest.length > 0 ? ` The nearest names are ${nearest.join(', ')}.` : ''
  const missing = `The container engine has no image of that name: build it, or "docker pull ${uri}".${like}`
  return { missing: `${missing} ${noStandIn(images, uri)}` }
}

/** Why no container can be started; undefined where the container engine answers. */
async function absence(docker: DockerEngine): Promise<string | undefined> {
  // One that hangs must not make a question about the server hang.
  const silence = delay(PATIENCE_MS, 'The container engine does not answer.', { ref: false })
  const answer = orAway(docker.find('sagebrush/none')).then((found) =>
    found instanceof Error ? found.message : undefined,
  )
  return await Promise.race([answer, silence])
}

/** The answer, or that no container engine gives one. */
async function orAway<T>(asked: Promise<T>): Promise<T | EngineUnreachable> {
  try {
    return await asked
  } catch (error) {
    if (error instanceof EngineUnreachable) return error
    throw error
  }
}

function byProcess(image: TaskImage | undefined, images: ImageTable, uri: string): Resolved {
  if (image) return { image }
  return { missing: `The process engine runs managed images only (setting "engine"). ${noStandIn(images, uri)}` }
}

function noStandIn(images: ImageTable, uri: string): string {
  const nearest = images.nearest(uri)
  const others =
    nearest.length > 0
      ? `The nearest names of managed images are ${nearest.join(', ')}.`
      : `Managed images here: ${images.offered.join('; ')}.`
  return `No managed image stands in for ${uri}. ${others}`
}

/** How this machine's own processes name the address that the server listens on. */
function ownHost(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1'
  if (host === '::') return '[::1]'
  return host.includes(':') ? `[${host}]` : host
}
