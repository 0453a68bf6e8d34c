import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pack } from 'tar-stream'
import { type EngineAddress, EngineApi, EngineApiError } from './engine-api.ts'
import { HOME_LABEL, homeLabel } from './options.ts'
import { PROBE, viewOf } from './volumes.ts'

/** What is true of the engine as a whole. */
export interface Machine {
  /** `Docker 20.10.24`, `Podman 4.3.1`. */
  readonly name: string
  readonly cpus: number
  readonly memoryBytes: number
  /** The engine can run an init process that passes signals on and reaps. */
  readonly init: boolean
  /** The engine can keep the members of one bridge from each other. */
  readonly separates: boolean
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
  const [info, version, staging] = await Promise.all([
    api.call('GET', '/info') as Promise<Info>,
    api.call('GET', '/version') as Promise<Version>,
    tryOverlay(api, root),
  ])
  const podman = version.Components?.find(({ Name }) => Name.startsWith('Podman'))
  return {
    name: podman ? `Podman ${podman.Version}` : `Docker ${version.Version}`,
    cpus: info.NCPU,
    memoryBytes: info.MemTotal,
    init: Boolean(info.InitBinary) && !podman,
    // Podman's bridges have no such setting.
    separates: info.BridgeNfIptables === true && !podman,
    gpus: Object.keys(info.Runtimes ?? {}).some((name) => name.startsWith('nvidia')),
    architecture: version.Arch,
    ...staging,
  }
}

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
    await api.find('DELETE', `/containers/${name}`, { query: { force: true } })
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

/** `DriverConfig` of a mount that is a view. */
export function overlayOptions(view: { readonly options: Readonly<Record<string, string>> }, labels = {}) {
  return { NoCopy: true, Labels: labels, DriverConfig: { Name: 'local', Options: view.options } }
}

/** An image without a single file, made once: nothing of it is ever run. */
export async function emptyImage(api: EngineApi, root: string): Promise<string> {
  const reference = 'sagebrush/empty:1'
  if (await api.find('GET', `/images/${reference}/json`)) return reference
  const tar = pack()
  tar.entry({ name: 'sagebrush', type: 'directory' })
  tar.finalize()
  const query = { fromSrc: '-', repo: 'sagebrush/empty', tag: '1', changes: `LABEL ${HOME_LABEL}=${homeLabel(root)}` }
  const answer = await api.stream('POST', '/images/create', { query, tar })
  for await (const _ of answer) void _
  return reference
}
