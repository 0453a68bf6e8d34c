/** What we read of a package.json. */
export interface Manifest {
  readonly name: string
  readonly version: string
  readonly description: string
  readonly license: string
  readonly engines?: Readonly<Record<string, string>>
  readonly exports?: Readonly<Record<string, string>>
  readonly dependencies?: Readonly<Record<string, string>>
}

export interface Workspace extends Manifest {
  /** Name below `packages/`. */
  readonly folder: string
}

const ours = '@sagebrush/'
/** In the tarball as a program of its own, not as a package: `sagebrush demo` runs it by its path. */
const asExample = '@sagebrush/example-aws-sdk-js'

/** The workspace packages that the command needs when it runs, each once. */
export function runtimePackages(command: Manifest, read: (folder: string) => Manifest): readonly Workspace[] {
  const found = new Map<string, Workspace>()
  const add = (manifest: Manifest) => {
    for (const name of Object.keys(manifest.dependencies ?? {})) {
      if (!name.startsWith(ours) || name === asExample || found.has(name)) continue
      const folder = name.slice(ours.length)
      const workspace = { ...read(folder), folder }
      found.set(name, workspace)
      add(workspace)
    }
  }
  add(command)
  return [...found.values()].sort((a, b) => a.name.localeCompare(b.name))
}

/** A workspace package as it lies inside the tarball: its exports are what was compiled. */
export function workspaceManifest({ name, version, description, license, exports = {} }: Workspace): object {
  const compiled = Object.entries(exports).map(([key, path]) => [
    key,
    path.replace(/^\.\/src\//, './dist/').replace(/\.ts$/, '.js'),
  ])
  return { name, version, description, license, private: true, type: 'module', exports: Object.fromEntries(compiled) }
}

/** The package that users install. What others have made are ordinary dependencies, which npm fetches and shares. */
export function publicManifest(
  command: Manifest,
  workspaces: readonly Workspace[],
  { description, engines }: Manifest,
  example: Manifest,
): object {
  return {
    name: 'sagebrush',
    version: command.version,
    description,
    license: command.license,
    type: 'module',
    engines,
    bin: { sagebrush: 'bin/sagebrush.mjs' },
    dependencies: {
      ...thirdParty([command, example, ...workspaces]),
      ...Object.fromEntries(workspaces.map(({ name, version }) => [name, version])),
    },
    bundleDependencies: workspaces.map(({ name }) => name),
  }
}

function thirdParty(manifests: readonly Manifest[]): Record<string, string> {
  const found: Record<string, string> = {}
  for (const { name, dependencies = {} } of manifests) {
    for (const [wanted, range] of Object.entries(dependencies)) {
      if (wanted.startsWith(ours)) continue
      if (found[wanted] !== undefined && found[wanted] !== range) {
        throw new Error(`${name} wants ${wanted} ${range}, and another package ${found[wanted]}: agree on one`)
      }
      found[wanted] = range
    }
  }
  return Object.fromEntries(Object.entries(found).sort(([a], [b]) => a.localeCompare(b)))
}
