import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Options, Outcome, Report } from './scenario.ts'

const main = fileURLToPath(new URL('main.ts', import.meta.url))
const VARIABLE = 'CHAOS_OWN_NAMESPACES'
const programs = ['unshare', 'ip', 'docker', 'dockerd', 'containerd']

/** The folder of a run that is in namespaces of its own; undefined outside of them. */
export function ownFolder(): string | undefined {
  return process.env[VARIABLE]
}

export function lacksNamespaces(): string | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0)
    return 'only root on Linux can start a dockerd of its own'
  const missing = programs.filter((program) => spawnSync('which', [program]).status !== 0)
  return missing.length > 0 ? `there is no ${missing.join(', ')}` : undefined
}

/**
 * Runs this scenario again, with a network that has only a loopback, mounts and process ids of its own: nothing of it
 * meets the machine's, and with its first process all others end. `prepare` fills its folder before.
 */
export async function inOwnNamespaces(
  scenario: string,
  { kills, engine, seed, short, keep }: Options,
  prepare: (folder: string) => Promise<void>,
): Promise<Outcome> {
  const folder = mkdtempSync(join(tmpdir(), 'chaos-own-'))
  try {
    await prepare(folder)
    const given = ['--kills', String(kills), '--engine', engine, '--seed', String(seed)]
    const flags = [...(short ? ['--short'] : []), ...(keep ? ['--keep'] : []), '--json']
    // A shell as the first process, since it reaps what others leave to it.
    const inside = ['sh', '-c', 'ip link set lo up && "$@"; exit $?', 'sh', process.execPath, main, scenario]
    const said = await output(
      ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc', ...inside, ...given, ...flags],
      { ...process.env, [VARIABLE]: folder, TMPDIR: folder },
    )
    const line = said.split('\n').find((text) => text.startsWith('{'))
    if (line === undefined) throw new Error('the run in namespaces of its own ended without a report')
    const { histogram, figures, failures } = JSON.parse(line) as Report
    return { histogram, figures, failures }
  } finally {
    if (!keep) rmSync(folder, { recursive: true, force: true, maxRetries: 20 })
  }
}

function output(args: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
  const child = spawn('unshare', args, { env, stdio: ['ignore', 'pipe', 'inherit'] })
  const stop = () => child.kill('SIGKILL')
  process.once('SIGINT', stop).once('SIGTERM', stop)
  let said = ''
  child.stdout.setEncoding('utf8').on('data', (text) => {
    said += text
  })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', () => {
      process.off('SIGINT', stop).off('SIGTERM', stop)
      resolve(said)
    })
  })
}
