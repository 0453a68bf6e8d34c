import { existsSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { Capability } from '../capabilities.ts'
import { lacking } from '../requires.ts'
import { runBounded } from '../run-bounded.ts'
import type { Tally } from '../tally.ts'
import { isRequirementsVenvBuilt, requirementsVenv, testVenv } from '../venv.ts'

const limitMs = 10 * 60_000

export interface PythonSuite {
  /** Relative to the root: `python/toolkit/tests`. */
  readonly folder: string
  readonly files: readonly string[]
  /** As the tests themselves say: pytest where one of them imports it, else what comes with Python. */
  readonly runner: 'pytest' | 'unittest'
  /** The folder's own requirements.txt, where it has one: an environment is made of it. */
  readonly requirements?: string
}

export function pythonSuites(root: string, matches: (path: string) => boolean): readonly PythonSuite[] {
  const files = globSync('python/*/tests/test_*.py', { cwd: root }).sort()
  const folders = [...new Set(files.map((file) => dirname(file)))]
  return folders.flatMap((folder) => {
    const all = files.filter((file) => dirname(file) === folder)
    const sources = [...all, join(folder, 'conftest.py')]
      .map((file) => join(root, file))
      .filter((file) => existsSync(file))
    const usesPytest = sources.some((file) => /^\s*(import|from) pytest\b/m.test(readFileSync(file, 'utf8')))
    const wanted = all.filter(matches)
    if (wanted.length === 0) return []
    const requirements = join(root, folder, 'requirements.txt')
    const own = existsSync(requirements) ? { requirements } : {}
    return [{ folder, files: wanted, runner: usesPytest ? 'pytest' : 'unittest', ...own }]
  })
}

/** What the suite asks of the machine. */
export function needsOfSuite({ folder, runner, requirements }: PythonSuite): readonly Capability[] {
  if (requirements)
    return isRequirementsVenvBuilt(venvName(folder), requirements) ? ['python3'] : ['python3-venv', 'pypi']
  return [runner === 'pytest' ? 'pytest' : 'python3']
}

function pythonOf({ folder, runner, requirements }: PythonSuite): Promise<string> | string {
  if (requirements) return requirementsVenv(venvName(folder), requirements)
  return runner === 'pytest' ? testVenv('pytest') : 'python3'
}

/** `python/toolkit/tests` → `toolkit-tests` */
function venvName(folder: string): string {
  return folder.split('/').slice(1).join('-')
}

/** The scripts in ../python write what they counted, in the same form for both ways to run. */
export async function runPython(root: string, suite: PythonSuite, env: Record<string, string>): Promise<Tally> {
  const why = needsOfSuite(suite).map(lacking).find(Boolean)
  if (why) return { passed: 0, failed: [], skipped: suite.files.map((name) => ({ name, why })) }
  const python = await pythonOf(suite)
  const folder = mkdtempSync(join(tmpdir(), 'sagebrush-python-tests-'))
  const record = join(folder, 'counts.json')
  try {
    const script = new URL(`../python/count_${suite.runner}.py`, import.meta.url).pathname
    const files = suite.files.map((file) => join(root, file))
    const ending = await runBounded({
      command: [python, '-B', script, record, String(limitMs / 1000 - 10), ...files],
      cwd: join(root, dirname(suite.folder)),
      env: { ...env, PYTHONDONTWRITEBYTECODE: '1' },
      limitMs,
    })
    if (!existsSync(record))
      return { passed: 0, failed: [`${suite.folder}: ${suite.runner} ${ending} and told no result`], skipped: [] }
    const counts: Tally = JSON.parse(readFileSync(record, 'utf8'))
    const total = counts.passed + counts.failed.length + counts.skipped.length
    return total > 0 ? counts : { passed: 0, failed: [`${suite.folder}: ${suite.runner} ran no test`], skipped: [] }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
