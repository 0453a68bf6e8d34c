import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runBounded } from '../run-bounded.ts'
import type { Tally } from '../tally.ts'
import { recordVariable, type VitestEvent } from '../vitest-reporter.ts'

const limitMs = 35 * 60_000

/** All tests in TypeScript of the given files. */
export async function runVitest(root: string, files: readonly string[], env: Record<string, string>): Promise<Tally> {
  const folder = mkdtempSync(join(tmpdir(), 'sagebrush-tests-'))
  const record = join(folder, 'record.ndjson')
  try {
    const reporters = ['--reporter=default', `--reporter=${new URL('../vitest-reporter.ts', import.meta.url).pathname}`]
    const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs')
    const ending = await runBounded({
      command: [process.execPath, vitest, 'run', ...reporters, ...files],
      cwd: root,
      env: { ...env, [recordVariable]: record },
      limitMs,
    })
    return tallyOf(readRecord(record), ending)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function readRecord(path: string): readonly VitestEvent[] {
  try {
    return readFileSync(path, 'utf8')
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line))
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
    throw error
  }
}

/** Counts tests, not files; what started and never ended is named when the run did not come to its own end. */
export function tallyOf(events: readonly VitestEvent[], ending: string): Tally {
  const open = new Set<string>()
  const failed: string[] = []
  const skipped: { name: string; why: string }[] = []
  let passed = 0
  let ended = false
  for (const event of events) {
    if (event.event === 'end') {
      ended = true
      failed.push(...event.errors.map((message) => `outside of any test: ${message}`))
    } else if (event.event === 'start') open.add(event.name)
    else {
      open.delete(event.name.split('\n')[0] ?? '')
      if (event.event === 'failed') failed.push(event.name)
      else if (event.event === 'skipped') skipped.push({ name: event.name, why: event.why })
      else if (event.name.includes(' > ')) passed++
    }
  }
  if (!ended || ending === 'hung') failed.push(`vitest ${ending} while these ran: ${[...open].join('; ') || 'none'}`)
  else if (ending !== 'passed' && failed.length === 0) failed.push(`vitest ${ending} without a failing test`)
  if (ended && passed + failed.length + skipped.length === 0) failed.push('vitest ran no test')
  return { passed, failed, skipped }
}
