import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { installed, loadConfig } from '@sagebrush/server/client'

const SDK = 'sagemaker==2.257.6'
const cli = fileURLToPath(new URL('../../bin/sagebrush.mjs', import.meta.url))

/** The SageMaker Python SDK's program, in an environment of its own that is made once. */
export async function runPythonProgram(home: string, say: (line: string) => void): Promise<void> {
  const folder = join(loadConfig().config.cache, 'demo', SDK.replace('==', '-'))
  const python = join(folder, 'bin', 'python')
  if (!existsSync(join(folder, 'complete'))) {
    say(`installing ${SDK} into ${folder} (once; 300 MB)`)
    await rm(folder, { recursive: true, force: true })
    await run('python3', ['-m', 'venv', folder])
    await run(python, ['-m', 'pip', 'install', '--quiet', '--quiet', '--progress-bar=off', SDK])
    await run('touch', [join(folder, 'complete')])
  }
  say('running examples/sagemaker-python-sdk/program.py under "sagebrush run"')
  await run(process.execPath, [cli, 'run', '--', python, installed('examples/sagemaker-python-sdk/program.py')], {
    SAGEBRUSH_HOME: home,
    SAGEMAKER_SUPPRESS_V2_WARNING: '1',
  })
}

async function run(command: string, args: readonly string[], environment: Record<string, string> = {}) {
  const child = spawn(command, args, {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: { ...process.env, ...environment },
  })
  const [code, signal] = await once(child, 'exit')
  if (code !== 0) throw new Error(`${command} ${args.slice(0, 4).join(' ')} … ended with ${signal ?? code}`)
}
