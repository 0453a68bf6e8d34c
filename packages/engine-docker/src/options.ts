import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { ManagedImage, ObjectReader } from '@sagebrush/core'
import type { EngineAddress } from './engine-api.ts'
import type { BuiltEnvironment } from './managed-image.ts'

export interface DockerEngineOptions {
  /** Folder of the tasks, made where it is missing. On the blobs' disk and seen by the engine, or staging copies. */
  readonly root: string
  readonly address: EngineAddress
  readonly objects: ObjectReader
  /** Makes the environment of a managed image on this machine, unless it is there: its container form is made of it. */
  readonly environment: (
    image: ManagedImage,
    onProgress: (message: string) => void,
    signal: AbortSignal,
  ) => Promise<BuiltEnvironment>
  /** A file of certificates that every task gets; undefined where there is none. */
  readonly caBundle?: string | undefined
  /** Makes the server answer on an address of a tasks' network, to that network alone. Repeated calls are harmless. */
  readonly answerOn: (network: TaskNetwork) => Promise<void>
  /** Networks kept ready for jobs of several hosts. Default 1. */
  readonly spareNetworks?: number
  /** Most processes and threads of one task. Default 8,192. */
  readonly processes?: number
  /** Nothing but the contract's folders and /tmp can be written to. */
  readonly readOnlyRoot?: boolean
  /** Hears of what no caller is told. */
  readonly log?: (message: string, error: unknown) => void
}

export interface TaskNetwork {
  readonly name: string
  /** The machine's own address in it. */
  readonly gateway: string
  /** In CIDR form: `172.18.0.0/16`. */
  readonly subnet: string
  /** Whether the network is on this machine, and its members can be reached from here. */
  readonly local: boolean
}

export const TASK_LABEL = 'sagebrush.task'
export const HOME_LABEL = 'sagebrush.home'

/** Tells the things of one home from those of another one on the same engine. */
export function homeLabel(root: string): string {
  return createHash('sha256').update(root).digest('hex').slice(0, 12)
}

/** The names in a task's folder. They are its format: a newer server reads what an older one wrote. */
export function dockerFiles(root: string, id: string) {
  const folder = join(root, id)
  return {
    folder,
    state: join(folder, 'state.json'),
    /** There from just before the container's start is asked for: if it is gone then, somebody took it away. */
    started: join(folder, 'started'),
    stage: join(folder, 'stage'),
    out: join(folder, 'out'),
  }
}

export function containerName(root: string, id: string): string {
  return `sagebrush-${homeLabel(root)}-${id}`
}
