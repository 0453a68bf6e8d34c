import type { Scope } from '../caller.ts'

/** A managed image: every engine has a form of it, made of one recipe. */
export interface ManagedImage {
  readonly kind: 'managed'
  /** Folder name under `images/`. */
  readonly name: string
  /** The framework's version that stands in, such as `1.2`. */
  readonly version: string
  /** Says what was taken and why, for the job's log and its status message. */
  readonly reason: string
}

/** Any image that a container engine has. */
export interface ContainerImage {
  readonly kind: 'container'
  /** As the request names it. */
  readonly reference: string
  /** What it was when the request was taken: the image's digest (`sha256:…`), which is what runs. */
  readonly id: string
  /** Says where it was found, for the job's log. */
  readonly reason: string
}

export type TaskImage = ManagedImage | ContainerImage

/** What a task may use of its machine; what is not named is not limited. */
export interface TaskResources {
  readonly cpus?: number
  readonly memoryMiB?: number
  readonly gpus?: number
}

/** One host's part of a channel (`ShardedByS3Key`): the objects whose place in key order, modulo `of`, is `index`. */
export interface ObjectShare {
  readonly index: number
  readonly of: number
}

/** Where a task's bytes come from, in S3 terms. */
export type ObjectSource =
  | { readonly kind: 'prefix'; readonly uri: string; readonly share?: ObjectShare }
  | { readonly kind: 'manifest'; readonly uri: string; readonly share?: ObjectShare }
  | { readonly kind: 'object'; readonly uri: string }

export type TaskInput =
  /** A writable view of the objects at `path`: names relative to the prefix; writes never reach the stored object. */
  | { readonly kind: 'objects'; readonly path: string; readonly source: ObjectSource; readonly channel?: string }
  /** A tar archive (gzip or not), unpacked with path and link checks into `path`. */
  | { readonly kind: 'archive'; readonly path: string; readonly source: ObjectSource }

/** A folder that is archived when the task ends, however it ends; an empty folder gives no archive unless `always`. */
export interface TaskOutput {
  /** `model.tar.gz` or `output.tar.gz`. */
  readonly archive: string
  readonly path: string
  readonly always: boolean
}

/**
 * What an engine runs: one container or process group on one machine. Paths are absolute, below `/opt/ml`.
 * The whole specification is data: it is written down by the engine and can be read by a later server.
 */
export interface TaskSpec {
  /** `[a-z0-9-]{1,63}`; the same id is the same task for ever. */
  readonly id: string
  /** Whose objects the inputs are. */
  readonly scope: Scope
  /** Shown to people (`kind`, `arn`, `host`); no meaning to the engine. */
  readonly labels: Readonly<Record<string, string>>
  readonly image: TaskImage
  /** Stands in for the image's own entry point; a managed image without one looks for the command on its PATH. */
  readonly entrypoint?: readonly string[]
  /** `['train']`, `['serve']`, or the request's arguments. */
  readonly command: readonly string[]
  readonly environment: Readonly<Record<string, string>>
  /**
   * Variables that say where the server is, under those of `environment`. In their values `{host}` stands for the
   * address at which the task reaches it, and `{caBundle}` for the file of certificates to trust: the engine's to know.
   */
  readonly serverEnvironment: Readonly<Record<string, string>>
  readonly resources?: TaskResources
  /** Small files written before the start, such as `/opt/ml/input/config/hyperparameters.json`. */
  readonly files: readonly { readonly path: string; readonly content: string }[]
  readonly inputs: readonly TaskInput[]
  readonly outputs: readonly TaskOutput[]
  /** This task's name among its peers: `algo-1` of `['algo-1', 'algo-2']`; peers share `group`. */
  readonly host: string
  readonly hosts: readonly string[]
  readonly group: string
  /** True for a task that answers HTTP on `/ping` and `/invocations`. */
  readonly serves: boolean
}

/** Where a serving task answers HTTP. */
export type TaskAddress = { readonly socketPath: string } | { readonly host: string; readonly port: number }

export interface TaskExit {
  /** Absent where a signal ended it. */
  readonly code?: number
  readonly signal?: string
  readonly outOfMemory: boolean
  /** True where `stop` was asked for before the end. */
  readonly stopped: boolean
}

/** A finished archive on this machine; the caller may take the file away. */
export interface CollectedOutput {
  readonly archive: string
  readonly file: string
  readonly sizeBytes: number
  /** Lower-case hexadecimal. */
  readonly md5: string
}

/**
 * What is seen of a task. `ended` is final and stays until `remove`; `failed` means that the task's command never
 * ran (no such object, an archive with `..`, an environment that cannot be made), in words for the user.
 */
export type TaskState =
  | { readonly phase: 'absent' }
  /** `message`: what is being made for it, where it is known; else empty. */
  | { readonly phase: 'preparing'; readonly message: string; readonly since: Date }
  /** `message`: what holds it up, where something does. */
  | { readonly phase: 'staging'; readonly since: Date; readonly message?: string }
  | { readonly phase: 'running'; readonly started: Date; readonly address?: TaskAddress }
  | { readonly phase: 'collecting'; readonly started: Date; readonly since: Date }
  | { readonly phase: 'failed'; readonly message: string; readonly fault: 'user' | 'platform'; readonly ended: Date }
  | {
      readonly phase: 'ended'
      readonly exit: TaskExit
      /** Why it ended where neither its command nor `stop` ended it, but its engine or machine did: a sentence for the user. */
      readonly interruption?: string
      /** First 1,024 characters of `/opt/ml/output/failure`. */
      readonly failure?: string
      /** The last lines that the task printed (at most 20 lines, 2,000 characters). */
      readonly lastLines: readonly string[]
      readonly outputs: readonly CollectedOutput[]
      /** What went wrong while archiving (disk full, a link out of the folder); the outputs may be incomplete. */
      readonly outputError?: string
      readonly started: Date
      readonly collectingSince: Date
      readonly ended: Date
    }

export interface TaskLogLine {
  readonly timestamp: Date
  readonly message: string
}

/** What is known of a task before anything is recorded. */
export type RefusableSpec = Pick<TaskSpec, 'image' | 'entrypoint' | 'command' | 'hosts' | 'serves'>

/**
 * Starts, observes and stops tasks on machines. Every call may be repeated and returns soon; absent is an answer.
 * A task outlives the server: the next one finds it by its id and goes on, no log line lost or doubled.
 */
export interface Engine {
  readonly name: string
  /** The network interface over which the hosts of a job of this image reach each other, such as `eth0`. */
  networkInterface(image: TaskImage): string
  /** Refuses, before anything is recorded, what this engine can never run: a message for the user, or undefined. */
  refuses(spec: RefusableSpec): Promise<string | undefined>
  /** Takes the task on; resolves once it is written down. Starting a known id again changes nothing. */
  start(spec: TaskSpec): Promise<void>
  observe(id: string): Promise<TaskState>
  /** Asks it to end: SIGTERM, after `graceMs` SIGKILL; outputs are still collected. Absent or ended: nothing. */
  stop(id: string, graceMs: number): Promise<void>
  /**
   * Lines after `cursor` (from the first where undefined), a bounded number of those that are there now; `cursor` goes
   * on after them. Whoever wants all asks again until none comes.
   */
  logs(
    id: string,
    cursor: string | undefined,
  ): Promise<{ readonly lines: readonly TaskLogLine[]; readonly cursor: string }>
  /** Archives one of the task's outputs as it is now, while the task runs; undefined where it does not run or the folder is empty. */
  snapshot(id: string, archive: string): Promise<CollectedOutput | undefined>
  /** Kills what still runs and removes everything that bears the id. */
  remove(id: string): Promise<void>
  /** Every id that this engine still holds anything of. */
  list(): Promise<readonly string[]>
  /** Calls back, soon, when a task's state or log may have changed. A hint: it may be late, doubled or lost. */
  watch(listener: (id: string) => void): () => void
  /** Lets go of what the server's process holds (watchers); tasks go on. */
  close(): Promise<void>
}

/** The variables of `serverEnvironment` with the places filled in, and those of `environment` over them. */
export function taskVariablesOf(
  spec: Pick<TaskSpec, 'environment' | 'serverEnvironment'>,
  server: { readonly host: string; readonly caBundle: string },
): Record<string, string> {
  const placed = Object.entries(spec.serverEnvironment).map(([name, value]) => [
    name,
    value.replaceAll('{host}', server.host).replaceAll('{caBundle}', server.caBundle),
  ])
  return { ...Object.fromEntries(placed), ...spec.environment }
}

/**
 * True for a path that a task's files, inputs and outputs may have: below /opt/ml and plain. Anything else could lead an
 * engine out of the task's own folder.
 */
export function isTaskPath(path: string): boolean {
  return path.startsWith('/opt/ml/') && !path.includes('\0') && path.split('/').slice(1).every(isPlainPart)
}

function isPlainPart(part: string): boolean {
  return part !== '' && part !== '.' && part !== '..'
}

/** How people are told of an image. */
export function imageName(image: TaskImage): string {
  return image.kind === 'managed' ? `${image.name} ${image.version}` : image.reference
}

/** An object as an engine stages it. */
export interface StagedObject {
  /** Relative to the prefix, `/`-separated, never empty. */
  readonly name: string
  readonly sizeBytes: number
  /** A file on this machine with the object's bytes: to link or copy, never to write. */
  readonly path: string
}

/** What an engine may ask of S3, on the task's behalf. Throws `StagingError` with a message for the user. */
export interface ObjectReader {
  read(scope: Scope, source: ObjectSource): AsyncIterable<readonly StagedObject[]>
}

export class StagingError extends Error {
  override readonly name = 'StagingError'
}
