import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { pack } from 'tar-stream'
import { type EngineAddress, EngineApi, EngineApiError } from './engine-api.ts'
import { HOME_LABEL, homeLabel } from './options.ts'
import { removeContainer } from './remove-container.ts'
import { PROBE, viewOf } from './volumes.ts'

/** What is true of the engine as a whole. */
export interface Machine {
  /** `Docker 20.10.24`, `Podman 4.3.1`. */
  readonly name: string
  readonly podman: boolean
  readonly cpus: number
  readonly memoryBytes: number
  /** The engine can run an init process that passes signals on and reaps. */
  readonly init: boolean
  /** The engine can keep the members of one bridge from each other. */
  readonly separates: boolean
  /** Its networks are of a namespace that this machine does not reach. */
  readonly rootless: boolean
  /** The engine has a runtime for NVIDIA's GPUs. */
  readonly gpus: boolean
  /** `amd64`, `arm64`, … */
  readonly architecture: string
  /** How a channel is brought: a view of the stored files, or a copy sent to an engine that does not see them. */
  readonly staging: 'overlay' | 'copy'
  /** Why, where it is a copy. */
  readonly stagingReason?: string
}

interface Info {
  readonly NCPU: number
  readonly MemTotal: number
  readonly InitBinary?: string
  readonly Rootless?: boolean
  readonly SecurityOptions?: readonly string[] | null
  readonly BridgeNfIptables?: boolean
  readonly Runtimes?: Readonly<Record<string, unknown>>
}

interface Version {
  readonly Version: string
  readonly Arch: string
  readonly Components?: readonly { readonly Name: string; readonly Version: string }[]
}

/** What the engine is and can do, tried and not guessed. */
export async function askMachine(api: EngineApi, root: string): Promise<Machine> {
  const [info, version] = await Promise.all([
    api.call('GET', '/info') as Promise<Info>,
    api.call('GET', '/version') as Promise<Version>,
  ])
  const podman = version.Components?.find(({ Name }) => Name.startsWith('Podman'))
  return {
    name: podman ? `Podman ${podman.Version}` : `Docker ${version.Version}`,
    podman: podman !== undefined,
    cpus: info.NCPU,
    memoryBytes: info.MemTotal,
    init: podman ? await tryInit(api, root) : Boolean(info.InitBinary),
    // Podman's bridges have no such setting.
    separates: info.BridgeNfIptables === true && !podman,
    rootless: info.Rootless === true || (info.SecurityOptions ?? []).includes('name=rootless'),
    gpus: Object.keys(info.Runtimes ?? {}).some((name) => name.startsWith('nvidia')),
    architecture: version.Arch,
    ...(podman ? NOT_WITH_PODMAN : await tryOverlay(api, root)),
  }
}

/** Files go into and out of volumes that it mounts itself only while the container runs, and outputs are taken afterwards. */
const NOT_WITH_PODMAN = {
  staging: 'copy',
  stagingReason: 'Podman gives no access to views before and after a container runs',
} as const

/** The same for whoever has no engine open: looks from a folder of its own below `folder`, and leaves nothing. */
export async function probeEngine(address: EngineAddress, folder: string): Promise<Machine> {
  const root = await mkdtemp(join(folder, '.sagebrush-probe-'))
  try {
    return await askMachine(new EngineApi(address), root)
  } finally {
    await rm(root, { recursive: true, force: true })
  }
}

/**
 * Lays a view over a file of this machine in a container that is never started, and looks for the file: so a remote
 * engine, Docker Desktop's virtual machine and a kernel without the overlay are all found out.
 */
async function tryOverlay(api: EngineApi, root: string): Promise<Pick<Machine, 'staging' | 'stagingReason'>> {
  const name = `sagebrush-${homeLabel(root)}-${PROBE}`
  const lower = await mkdtemp(join(root, '.probe-'))
  const clear = async () => {
    await removeContainer(api, name)
    for (const suffix of ['', '-upper', '-work']) await api.find('DELETE', `/volumes/${name}-0${suffix}`)
  }
  try {
    await writeFile(join(lower, 'witness'), 'seen')
    await clear()
    const image = await emptyImage(api, root)
    const view = await viewOf(api, root, PROBE, 0, lower)
    const mount = { Type: 'volume', Source: view.name, Target: '/view', VolumeOptions: overlayOptions(view) }
    const json = { Image: image, Cmd: ['none'], HostConfig: { Mounts: [mount] }, NetworkDisabled: true }
    await api.call('POST', '/containers/create', { query: { name }, json })
    await api.call('HEAD', `/containers/${name}/archive`, { query: { path: '/view/witness' } })
    return { staging: 'overlay' }
  } catch (error) {
    if (!(error instanceof EngineApiError)) throw error
    return { staging: 'copy', stagingReason: error.message || 'the engine does not see this machine’s files' }
  } finally {
    await clear().catch(() => {})
    await rm(lower, { recursive: true, force: true })
  }
}

/** Podman does not say whether it has an init program: it refuses containers with one where it has none. */
async function tryInit(api: EngineApi, root: string): Promise<boolean> {
  const name = `sagebrush-${homeLabel(root)}-probe`
  const clear = async () => await removeContainer(api, name)
  const json = { Image: await emptyImage(api, root), Cmd: ['none'], HostConfig: { Init: true }, NetworkDisabled: true }
  await clear()
  try {
    await api.call('POST', '/containers/create', { query: { name }, json })
    return true
  } catch (error) {
    if (error instanceof EngineApiError) return false
    throw error
  } finally {
    await clear().catch(() => {})
  }
}

/** `DriverConfig` of a mount that is a view. */
export function overlayOptions(view: { readonly options: Readonly<Record<string, string>> }, labels = {}) {
  return { NoCopy: true, Labels: labels, DriverConfig: { Name: 'local', Options: view.options } }
}

/** The id of an image without a single file, made once: nothing of it is ever run. */
export async function emptyImage(api: EngineApi, root: string): Promise<string> {
  const reference = 'sagebrush/empty:1'
  // Podman puts this name before what has no registry in its name.
  const found = async () =>
    ((await api.find('GET', `/images/${reference}/json`)) ??
      (await api.find('GET', `/images/localhost/${reference}/json`))) as { readonly Id: string } | undefined
  const there = await found()
  if (there) return there.Id
  const tar = pack()
  tar.entry({ name: 'sagebrush', type: 'directory' })
  tar.finalize()
  const query = { fromSrc: '-', repo: 'sagebrush/empty', tag: '1', changes: `LABEL ${HOME_LABEL}=${homeLabel(root)}` }
  const answer = await api.stream('POST', '/images/create', { query, tar })
  const id = (await text(answer)).match(/"status":"((?:sha256:)?[0-9a-f]{64})/)?.[1]
  if (id === undefined) throw new Error(`the container engine did not make ${reference}`)
  // Podman keeps it without the name that it is asked for.
  if (!(await found())) {
    await api.call('POST', `/images/${id}/tag`, { query: { repo: 'localhost/sagebrush/empty', tag: '1' } })
  }
  return id
}
