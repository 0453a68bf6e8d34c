import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Capability, isCapability } from './capabilities.ts'
import { type VenvName, venvNames } from './venv.ts'

/** Test files of TypeScript, as vitest.config.ts names them. */
export function vitestFiles(root: string): readonly string[] {
  const folders = ['packages', 'examples', 'tools', 'bench', 'chaos']
  const exclude = (path: string) => path === 'node_modules' || path === 'dist'
  return folders.flatMap((folder) => globSync(`${folder}/**/*.test.ts`, { cwd: root, exclude })).sort()
}

/** What these files, and what they share in their packages' `testing`, ask of the machine: read from their calls. */
export function needsOf(root: string, files: readonly string[]): ReadonlySet<Capability> {
  const needs = new Set<Capability>()
  const packages = new Set(files.map((file) => file.split('/').slice(0, 2).join('/')))
  const shared = [...packages].flatMap((folder) => globSync(`${folder}/src/**/testing{.ts,/*.ts}`, { cwd: root }))
  for (const file of new Set([...files, ...shared])) {
    const source = readFileSync(join(root, file), 'utf8')
    for (const [, list = ''] of source.matchAll(/\b(?:requires|lacking|skipsFor|testVenv|optionalVenv)\(([^)]*)\)/g))
      for (const [, name = ''] of list.matchAll(/'([a-z0-9-]+)'/g)) if (isCapability(name)) needs.add(name)
  }
  return needs
}

export function venvsOf(needs: ReadonlySet<Capability>): readonly VenvName[] {
  return venvNames.filter((name) => needs.has(name))
}
