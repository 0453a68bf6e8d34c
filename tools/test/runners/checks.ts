import { join } from 'node:path'
import type { Capability } from '../capabilities.ts'
import { lacking } from '../requires.ts'
import { runBounded } from '../run-bounded.ts'
import type { Tally } from '../tally.ts'

export interface Check {
  readonly name: string
  readonly needs: readonly Capability[]
  readonly command: readonly string[]
}

/** Whole-tree checks; each counts as one test. The first word is a script of node_modules or of this repository. */
export const checks: readonly Check[] = [
  { name: 'biome', needs: [], command: ['node_modules/@biomejs/biome/bin/biome', 'check', '--error-on-warnings', '.'] },
  { name: 'tsc', needs: [], command: ['node_modules/typescript/bin/tsc', '-b'] },
  { name: 'docs:check', needs: [], command: ['tools/docs/main.ts', '--check'] },
  {
    name: 'contract:check',
    needs: ['python3', 'pypi'],
    command: ['packages/contract/generate/main.ts', '--check'],
  },
]

export async function runCheck(root: string, { name, needs, command }: Check): Promise<Tally> {
  const why = needs.map(lacking).find(Boolean)
  if (why) return { passed: 0, failed: [], skipped: [{ name, why }] }
  const [script = '', ...args] = command
  const ending = await runBounded({
    command: [process.execPath, join(root, script), ...args],
    cwd: root,
    limitMs: 5 * 60_000,
  })
  return ending === 'passed'
    ? { passed: 1, failed: [], skipped: [] }
    : { passed: 0, failed: [`${name} ${ending}`], skipped: [] }
}
