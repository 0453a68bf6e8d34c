import { access, mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { imageName, type TaskInput, type TaskSpec, taskVariablesOf } from '@sagebrush/core'
import { compiledFolder } from './bytecode.ts'
import type { Environment } from './environment.ts'
import { hostHint, hostsFile } from './hosts.ts'
import { type ProcessEngineOptions, taskFiles } from './options.ts'
import type { ProbeResult } from './probe.ts'
import { makeSocketFolder, socketFolder, socketName } from './socket-folder.ts'
import { pipSettings, taskVariables } from './task-variables.ts'

/** What the task sees as its run folder; the supervisor's `namespace.py` makes it. */
const RUN = '/run/sagebrush'

const NO_NAMESPACES =
  'Sagebrush: this machine allows no private namespaces, so the task shares its file system with everything of this ' +
  'user: use the SM_* variables instead of /opt/ml; "sagebrush doctor" says what to change.'

/** All that the supervisor needs to know; sent to it as one line of JSON, read by `supervise.py`. */
export async function makePlan(
  spec: TaskSpec,
  since: Date,
  environment: Environment,
  probe: ProbeResult,
  options: ProcessEngineOptions,
) {
  const files = taskFiles(options.root, spec.id)
  const isolated = probe.namespaces !== 'none'
  const home = isolated ? `${RUN}/home` : join(files.folder, 'home')
  const pipCache = join(options.homeCache, 'pip', spec.scope.account)
  const compiled = compiledFolder(options.cache)
  await Promise.all([pipCache, compiled].map((folder) => mkdir(folder, { recursive: true, mode: 0o700 })))
  const pip = await pipSettings(options.variables, home)
  const sockets = spec.serves ? socketFolder(options.root, spec.id, options.variables.XDG_RUNTIME_DIR) : undefined
  const socketPath = sockets && (await makeSocketFolder(sockets))
  const variables = {
    ...taskVariables({
      server: options.variables,
      image: environment.recipe.environment,
      environmentFolder: environment.folder,
      toolkit: options.toolkit,
      home,
      pipCache,
      compiled,
    }),
    ...pip.variables,
    ...taskVariablesOf(spec, options.server),
    ...(socketPath && { SAGEBRUSH_BIND_TO_SOCKET: isolated ? `${RUN}/socket/${socketName}` : socketPath }),
    ...(!isolated && { SAGEBRUSH_ML_ROOT: join(files.folder, 'ml') }),
    ...(probe.staging !== 'overlay' && {
      SAGEBRUSH_PIP_TARGET: isolated ? '/tmp/packages' : join(files.folder, 'tmp/packages'),
    }),
  }
  return {
    image: imageName(spec.image),
    since: since.getTime(),
    hint: files.hint,
    host: spec.host,
    command: [...(spec.entrypoint ?? []), ...spec.command],
    environment: variables,
    namespaces: probe.namespaces,
    overlay: probe.staging === 'overlay',
    environmentFolder: environment.folder,
    show: [
      ...[options.toolkit, compiled, environment.python.base, dirname(dirname(environment.python.path))],
      ...(await existing(options.show ?? [])),
    ],
    showWritable: [pipCache],
    hide: [...new Set([...options.hide, options.root, options.homeCache])],
    hostsFile: await hostsFile(spec.group, spec.hosts),
    hostHint: hostHint(spec.hosts, spec.host),
    socketFolder: sockets,
    socketPath,
    files: spec.files,
    homeFiles: pip.files,
    inputs: spec.inputs.map((input) => ({
      kind: input.kind,
      path: input.path,
      uri: input.source.uri,
      label: input.kind === 'objects' && input.channel ? `Channel "${input.channel}"` : input.source.uri,
      // A view in the task's namespace is gone when its outputs are taken: such a folder is copied.
      direct: spec.outputs.some(({ path }) => within(path, input.path) || within(input.path, path)),
    })),
    outputs: spec.outputs,
    notes: isolated ? [] : [NO_NAMESPACES],
  }
}

export type Plan = Awaited<ReturnType<typeof makePlan>>

async function existing(paths: readonly string[]): Promise<readonly string[]> {
  const found = await Promise.all(
    paths.map((path) =>
      access(path).then(
        () => true,
        () => false,
      ),
    ),
  )
  return paths.filter((_, index) => found[index])
}

function within(path: string, folder: TaskInput['path']): boolean {
  return path === folder || path.startsWith(`${folder}/`)
}
