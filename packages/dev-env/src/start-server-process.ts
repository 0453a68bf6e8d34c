import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const cli = fileURLToPath(new URL('../../cli/bin/sagebrush.mjs', import.meta.url))

export interface Finished {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
  readonly seconds: number
}

export interface ServerProcess {
  readonly home: string
  /** The `sagebrush` command on this home: `sagebrush(['run', '--', 'python', 'x.py'])`. */
  sagebrush(args: readonly string[], environment?: Readonly<Record<string, string>>): Promise<Finished>
  /** Stops it and removes the home; throws where a task was left behind. */
  close(): Promise<void>
}

/** A server as users have it: `sagebrush up -d` on a free port, with a temporary home. */
export async function startServerProcess(settings: Readonly<Record<string, string>> = {}): Promise<ServerProcess> {
  const home = await mkdtemp(join(tmpdir(), 'sb-'))
  const base = { ...withoutSagebrush(process.env), SAGEBRUSH_HOME: home, SAGEBRUSH_PORT: '0', ...settings }
  const sagebrush = (args: readonly string[], environment: Readonly<Record<string, string>> = {}) =>
    run(process.execPath, [cli, ...args], { ...base, ...environment })
  const up = await sagebrush(['up', '-d'])
  if (up.code !== 0) throw new Error(`sagebrush up failed: ${up.stderr}${up.stdout}`)
  return {
    home,
    sagebrush,
    close: async () => {
      const down = await sagebrush(['down'])
      const tasks = existsSync(join(home, 'tasks')) ? await readdir(join(home, 'tasks')) : []
      const left = tasks.filter((name) => !name.startsWith('.')) // what the engine keeps for itself is hidden
      await rm(home, { recursive: true })
      if (down.code !== 0) throw new Error(`sagebrush down failed: ${down.stderr}`)
      if (left.length > 0) throw new Error(`The test left tasks behind: ${left.join(', ')}`)
    },
  }
}

/** Runs a program to its end; its output and exit status, whatever they are. */
export function run(
  program: string,
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Finished> {
  const started = performance.now()
  return new Promise((resolve, reject) => {
    const child = execFile(
      program,
      args,
      { env: environment as NodeJS.ProcessEnv, maxBuffer: 256 * 1024 * 1024 },
      (_error, stdout, stderr) => {
        const code = child.exitCode ?? 128
        resolve({ code, stdout, stderr, seconds: (performance.now() - started) / 1000 })
      },
    )
    child.on('error', reject)
  })
}

function withoutSagebrush(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept = Object.entries(environment).filter(
    ([name]) => !name.startsWith('SAGEBRUSH_') || name === 'SAGEBRUSH_CACHE',
  )
  return Object.fromEntries(kept)
}
