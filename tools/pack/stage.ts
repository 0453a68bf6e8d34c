import { copyFileSync, existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { withoutDeadLinks } from './links.ts'
import { type Manifest, publicManifest, runtimePackages, workspaceManifest } from './manifests.ts'

/** What goes along as it is, besides compiled sources. */
const files = [
  'LICENSE',
  'NOTICE',
  'CHANGELOG.md',
  'docs/*.md',
  'images/*/image.json',
  'images/*/requirements*.txt',
  'python/agent/*',
  'python/run/*.py',
  'python/toolkit/README.md',
  'python/toolkit/bin/*',
  'python/toolkit/sagebrush_toolkit/*.py',
  'examples/sklearn-script-mode/**/*.{md,py,csv}',
  'examples/sagemaker-python-sdk/{README.md,program.py}',
  'examples/aws-sdk-js/README.md',
]

/** Not part of a package at run time, though beside its sources. */
const notAtRunTime = /(\.test\.ts|(^|\/)testing([.-].*)?\.ts|(^|\/)testing\/.*|-bench\.ts)$/

/**
 * Lays out, in an empty folder, what `npm pack` makes the tarball of: the command's own package as the root, and every
 * workspace package that it needs compiled below node_modules.
 */
export function stage(root: string, folder: string): void {
  const command = readManifest(join(root, 'packages', 'cli'))
  const workspaces = runtimePackages(command, (name) => readManifest(join(root, 'packages', name)))
  copyCompiled(join(root, 'packages', 'cli'), folder)
  copy(root, join(root, 'packages', 'cli'), folder, ['bin/*'])
  for (const workspace of workspaces) {
    const [source, target] = [join(root, 'packages', workspace.folder), join(folder, 'node_modules', workspace.name)]
    copyCompiled(source, target)
    copy(root, source, target, ['src/**/*.json'], (path) => path.replace(/^src/, 'dist'))
    writeManifest(target, workspaceManifest(workspace))
  }
  copyCompiled(join(root, 'examples', 'aws-sdk-js'), join(folder, 'examples', 'aws-sdk-js'), '')
  writeManifest(join(folder, 'examples', 'aws-sdk-js'), { private: true, type: 'module' })
  copy(root, root, folder, files)
  // The repository's own begins with a checkout.
  copyFileSync(join(root, 'tools', 'pack', 'README.npm.md'), join(folder, 'README.md'))
  for (const page of globSync('{*,docs/*,python/**/*,examples/**/*}.md', { cwd: folder })) {
    const path = join(folder, page)
    const isThere = (target: string) => existsSync(join(dirname(path), target))
    writeFileSync(path, withoutDeadLinks(readFileSync(path, 'utf8'), isThere))
  }
  writeManifest(
    folder,
    publicManifest(command, workspaces, readManifest(root), readManifest(join(root, 'examples', 'aws-sdk-js'))),
  )
}

/** Only what has a source still: a `dist` may hold more. */
function copyCompiled(source: string, target: string, sources = 'src'): void {
  const inside = join(source, sources)
  for (const path of globSync('**/*.ts', { cwd: inside, exclude: (name) => /^(dist|node_modules)$/.test(name) })) {
    if (notAtRunTime.test(path)) continue
    const compiled = path.replace(/\.ts$/, '.js')
    place(join(source, 'dist', compiled), join(target, sources && 'dist', compiled), (text) =>
      text.replace(/\n\/\/# sourceMappingURL=.*\n?$/, '\n'),
    )
  }
}

function copy(
  root: string,
  source: string,
  target: string,
  patterns: readonly string[],
  rename = (path: string) => path,
) {
  const found = globSync([...patterns], { cwd: source, withFileTypes: true }).filter((entry) => entry.isFile())
  if (found.length === 0 && source === root) throw new Error(`Nothing in ${root} is called ${patterns.join(', ')}`)
  for (const entry of found) {
    const path = join(entry.parentPath, entry.name)
    place(path, join(target, rename(relative(source, path))))
  }
}

function place(from: string, to: string, change?: (text: string) => string): void {
  mkdirSync(dirname(to), { recursive: true })
  if (change) writeFileSync(to, change(readFileSync(from, 'utf8')))
  else copyFileSync(from, to)
}

function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest
}

function writeManifest(folder: string, manifest: object): void {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`)
}
