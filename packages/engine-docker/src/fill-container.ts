import { mkdir } from 'node:fs/promises'
import type { TaskInput, TaskSpec } from '@sagebrush/core'
import type { ArchiveWorker } from './archive/archive-worker.ts'
import type { EngineApi } from './engine-api.ts'
import { makeFolders, makeVolumeFolders } from './folders.ts'
import type { Machine } from './machine.ts'
import { isView, relative, stageFolder, type TaskMount } from './mounts.ts'
import { type DockerEngineOptions, dockerFiles } from './options.ts'

interface Parts {
  readonly api: EngineApi
  readonly options: DockerEngineOptions
  readonly worker: ArchiveWorker
}

/** Links the objects and writes the files that the container's views are laid upon. */
export async function stageViews(
  { options, worker }: Parts,
  spec: TaskSpec,
  mounts: readonly TaskMount[],
  signal: AbortSignal,
): Promise<void> {
  const { stage } = dockerFiles(options.root, spec.id)
  await mkdir(stage, { recursive: true, mode: 0o755 })
  for (const mount of mounts) {
    const lower = stageFolder(stage, mount)
    if (!isView(mount)) continue
    await worker.call({ do: 'write', order: { folder: lower, files: mount.files, folders: mount.folders } })
    for (const input of mount.inputs) {
      const folder = `${lower}/${relative(input.path, mount.path)}`
      for await (const objects of options.objects.read(spec.scope, input.source)) {
        signal.throwIfAborted()
        await worker.call({ do: 'link', order: { folder, objects, label: labelOf(input) } })
      }
    }
  }
}

/** Makes folders that the image's user may write to. */
export async function openFolders({ api, options }: Parts, container: string, paths: readonly string[]): Promise<void> {
  if (options.readOnlyRoot) await makeVolumeFolders(api, options.root, container, paths)
  else await makeFolders(api, container, paths)
}

/** Sends what no view can bring: archives, and everything where the engine does not see this machine's files. */
export async function fillMount(
  parts: Parts,
  to: { readonly spec: TaskSpec; readonly mount: TaskMount; readonly container: string; readonly machine: Machine },
): Promise<void> {
  const { spec, mount, container, machine } = to
  const { options, worker } = parts
  const { address } = parts.api
  if (machine.staging === 'copy') {
    const order = { address, container, path: mount.path, files: mount.files, objects: [] }
    await openFolders(parts, container, [mount.path, ...mount.folders.map((name) => `${mount.path}/${name}`)])
    if (mount.files.length > 0) await worker.call({ do: 'copy', order })
    for (const input of mount.inputs) {
      const below = relative(input.path, mount.path)
      for await (const read of options.objects.read(spec.scope, input.source)) {
        const objects = read.map((object) => ({ ...object, name: below ? `${below}/${object.name}` : object.name }))
        await worker.call({ do: 'copy', order: { ...order, files: [], objects } })
      }
    }
  }
  for (const archive of mount.archives) {
    for await (const objects of options.objects.read(spec.scope, archive.source)) {
      for (const { path: file } of objects) {
        const order = { address, container, path: archive.path, file, label: labelOf(archive) }
        await worker.call({ do: 'unpack', order })
      }
    }
  }
}

function labelOf(input: TaskInput): string {
  return input.kind === 'objects' && input.channel ? `Channel "${input.channel}"` : input.source.uri
}
