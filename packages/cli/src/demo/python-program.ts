import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { installed, loadConfig } from '@sagebrush/server/client'

const SDK = 'sagemaker==2.257.6'
const cli = fileURLToPath(new URL('../../bin/sagebrush.mjs', import.meta.url))

/** The SageMaker Python SDK's program, in an environment of its own that is made once. */
export async function runPythonProgram(
  home: string,
  say: (line: string) => void,
  interrupted: AbortSignal,
): Promise<void> {
  // What they leave when they are interrupted goes with the home.
  const surroundings = { interrupted, temporary: join(home, 'temporary') }
  await mkdir(surroundings.temporary)
  const folder = join(loadConfig().config.cache, 'demo', SDK.replace('==', '-'))
  const python = join(folder, 'bin', 'python')
  if (!existsSync(join(folder, 'complete'))) {
    say(`installing ${SDK} into ${folder} (once; 300 MB)`)
    await rm(folder, { recursive: true, force: true })
    await run(surroundings, 'python3', ['-m', 'venv', folder])
    await run(surroundings, python, ['-m', 'pip', 'install', '--quiet', '--quiet', '--progress-bar=off', SDK])
    await run(surroundings, 'touch', [join(folder, 'complete')])
  }
  say('running examples/sagemaker-python-sdk/program.py under "sagebrush run"')
  await run(
    surroundings,
    process.execPath,
    [cli, 'run', '--', python, installed('examples/sagemaker-python-sdk/program.py')],
    {
      SAGEBRUSH_HOME: home,
      SAGEMAKER_SUPPRESS_V2_WARNING: '1',
    },
  )
}

interface Surroundings {
  readonly interrupted: AbortSignal
  /** Folder of temporary files. */
  readonly temporary: string
}

/** Ends with its child, interrupted or not: who waits for it may then remove what the child used. */
async function run(
  { interrupted, temporary }: Surroundings,
  command: string,
  args: readonly string[],
  environment: Record<string, string> = {},
): Promise<void> {
  interrupted.throwIfAborted()
  const child = spawn(command, args, {
    // Through us where it is no terminal: a reader that is gone is ours to notice, not a traceback of Python's.
    stdio: ['ignore', process.stdout.isTTY ? 'inherit' : 'pipe', 'inherit'],
    // In a group of its own, to be ended as a whole, and quietly: Python tells a terminal's ^C with a traceback.
    detached: true,
    env: { ...process.env, PYTHONUNBUFFERED: '1', ...environment, TMPDIR: temporary },
  })
  child.stdout?.pipe(process.stdout, { end: false })
  const end = () => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGTERM')
  }
  interrupted.addEventListener('abort', end)
  process.once('exit', end)
  try {
    const [code, signal] = await once(child, 'close')
    if (code !== 0) throw new Error(`${command} ${args.slice(0, 4).join(' ')} … ended with ${signal ?? code}`)
  } finally {
    interrupted.removeEventListener('abort', end)
    process.removeListener('exit', end)
  }
}
