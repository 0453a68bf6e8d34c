import { join } from 'node:path'
import type { TaskInput, TaskSpec } from '@sagebrush/core'

/** A folder of the container that is not the image's. All else below /opt/ml stays as the image has it. */
export interface TaskMount {
  /** In the container. */
  readonly path: string
  /** Objects that are seen in it. */
  readonly inputs: readonly Extract<TaskInput, { kind: 'objects' }>[]
  /** Archives that are unpacked into it. */
  readonly archives: readonly Extract<TaskInput, { kind: 'archive' }>[]
  /** Folders that are in it from the start, relative to it. */
  readonly folders: readonly string[]
  /** Small files in it, with paths relative to it. */
  readonly files: readonly { readonly path: string; readonly content: string }[]
}

const TRAINING = ['/opt/ml/input', '/opt/ml/model', '/opt/ml/output']

/** Where the certificates are, in every container that has a server to trust. */
export const CA_BUNDLE = '/opt/ml/input/.sagebrush/ca-bundle.pem'

/** What is mounted into a task's container: SageMaker's own folders, and those that the task's inputs and outputs name. */
export function taskMounts(spec: TaskSpec, caBundle: string | undefined): readonly TaskMount[] {
  const files = caBundle === undefined ? spec.files : [...spec.files, { path: CA_BUNDLE, content: caBundle }]
  const named = [...files, ...spec.inputs, ...spec.outputs].map(({ path }) => path)
  const standard = spec.serves ? [] : TRAINING
  const roots = [...new Set([...standard, ...named.map(rootOf)])].sort()
  return roots.map((root) => ({
    path: root,
    inputs: spec.inputs.filter((input) => input.kind === 'objects' && within(input.path, root)) as TaskMount['inputs'],
    archives: spec.inputs.filter(
      (input) => input.kind === 'archive' && within(input.path, root),
    ) as TaskMount['archives'],
    folders: root === '/opt/ml/output' ? ['data'] : [],
    files: files
      .filter(({ path }) => within(path, root))
      .map(({ path, content }) => ({
        path: relative(path, root),
        content,
      })),
  }))
}

/** True where there is something to lay a view upon. */
export function isView({ inputs, files, folders }: TaskMount): boolean {
  return inputs.length > 0 || files.length > 0 || folders.length > 0
}

/** `/opt/ml/output/data` → `/opt/ml/output`; other places are mounted as they are named. */
function rootOf(path: string): string {
  return TRAINING.find((root) => within(path, root)) ?? path
}

export function within(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`)
}

/** `/opt/ml/input/data/train` below `/opt/ml/input` is `data/train`. */
export function relative(path: string, folder: string): string {
  return path === folder ? '' : path.slice(folder.length + 1)
}

/** The folder on this machine that is a mount's lower layer. */
export function stageFolder(stage: string, mount: TaskMount): string {
  return join(stage, mount.path.replaceAll('/', '-').slice(1))
}
