import { type TaskSpec, taskVariablesOf } from '@sagebrush/core'
import type { EngineApi } from './engine-api.ts'
import { type Machine, overlayOptions } from './machine.ts'
import { CA_BUNDLE, isView, stageFolder, type TaskMount } from './mounts.ts'
import { containerName, type DockerEngineOptions, dockerFiles, type TaskNetwork } from './options.ts'
import { labelsOf, viewOf } from './volumes.ts'

export interface ContainerPlan {
  readonly spec: TaskSpec
  /** What to run: an image's reference or digest. */
  readonly image: string
  /** Under those of the specification. */
  readonly variables: Readonly<Record<string, string>>
  readonly network: TaskNetwork
  readonly binds: readonly object[]
  readonly machine: Machine
}

/**
 * What the engine sends when it ends a container of its own accord (its own end, `docker stop`). Not SIGTERM: a script
 * that ends well on that would be taken for finished. Hardly a program hears this one, so its exit code tells.
 */
export const ENGINE_STOP_SIGNAL = 'SIGPWR'

/** Longest log that the engine keeps: it must not drop lines, whatever its own settings are. */
const LOG = { Type: 'json-file', Config: { 'max-size': '1000g', 'max-file': '1' } }

const MIB = 1024 * 1024
/** Docker's own 64 MiB is too little for data loaders that share memory. */
const SHARED_MEMORY_PART = 0.5
export const DEFAULT_PROCESSES = 8_192

/** The mounts as the engine takes them. The volumes below a view are made, what the view is laid upon need not be there. */
export async function bindMounts(
  api: EngineApi,
  root: string,
  id: string,
  mounts: readonly TaskMount[],
  { staging }: Machine,
): Promise<readonly object[]> {
  const labels = labelsOf(root, id)
  const { stage } = dockerFiles(root, id)
  return await Promise.all(
    mounts.map(async (mount, number) => {
      const plain = { Type: 'volume', Target: mount.path, VolumeOptions: { NoCopy: true, Labels: labels } }
      if (staging === 'copy' || !isView(mount)) return plain
      const view = await viewOf(api, root, id, number, stageFolder(stage, mount))
      return { ...plain, Source: view.name, VolumeOptions: overlayOptions(view, labels) }
    }),
  )
}

/** Makes the task's container, not started yet; its mounts are there from then on. Resolves to its name. */
export async function createContainer(
  api: EngineApi,
  options: DockerEngineOptions,
  { spec, image, variables, network, binds, machine }: ContainerPlan,
): Promise<string> {
  const name = containerName(options.root, spec.id)
  const labels = labelsOf(options.root, spec.id)
  const { local } = network
  const server = { host: local ? network.gateway : 'host.docker.internal', caBundle: CA_BUNDLE }
  const json = {
    Image: image,
    ...(spec.entrypoint && { Entrypoint: spec.entrypoint }),
    Cmd: spec.command,
    Env: Object.entries({ ...variables, ...taskVariablesOf(spec, server) }).map(([key, value]) => `${key}=${value}`),
    Hostname: spec.host,
    StopSignal: ENGINE_STOP_SIGNAL,
    Labels: {
      ...Object.fromEntries(Object.entries(spec.labels).map(([key, v]) => [`sagebrush.${key}`, v])),
      ...labels,
    },
    ...(!local && spec.serves && { ExposedPorts: { '8080/tcp': {} } }),
    HostConfig: {
      Mounts: binds,
      LogConfig: LOG,
      NetworkMode: network.name,
      PidsLimit: options.processes ?? DEFAULT_PROCESSES,
      ...(machine.init && { Init: true }),
      ...(options.readOnlyRoot && { ReadonlyRootfs: true, Tmpfs: { '/tmp': 'rw,exec,nosuid,nodev,mode=1777' } }),
      ...limits(spec, machine),
      ...(!local && { ExtraHosts: ['host.docker.internal:host-gateway'] }),
      ...(!local && spec.serves && { PortBindings: { '8080/tcp': [{ HostIp: '127.0.0.1', HostPort: '' }] } }),
    },
    // A name for its peers alone: on the shared network every task is algo-1.
    ...(spec.hosts.length > 1 && {
      NetworkingConfig: { EndpointsConfig: { [network.name]: { Aliases: [spec.host] } } },
    }),
  }
  await api.call('POST', '/containers/create', { query: { name }, json })
  return name
}

/** What the instance type gives, and never more than the machine has. */
function limits({ resources = {} }: TaskSpec, machine: Machine) {
  const { cpus, memoryMiB, gpus } = resources
  const memory = memoryMiB === undefined ? undefined : Math.min(memoryMiB * MIB, machine.memoryBytes)
  return {
    ...(cpus !== undefined && { NanoCpus: Math.min(cpus, machine.cpus) * 1e9 }),
    // Without swap of its own, so that a task which outgrows its instance is ended and told so.
    ...(memory !== undefined && { Memory: memory, MemorySwap: memory }),
    ShmSize: Math.floor((memory ?? machine.memoryBytes) * SHARED_MEMORY_PART),
    ...(gpus && machine.gpus && { DeviceRequests: [{ Driver: 'nvidia', Count: gpus, Capabilities: [['gpu']] }] }),
  }
}
