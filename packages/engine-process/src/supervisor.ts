import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import type { ObjectReader, TaskSpec } from '@sagebrush/core'
import { compiledFolder } from './environment.ts'
import { defaultAgent, type ProcessEngineOptions, taskFiles } from './options.ts'
import type { Plan } from './plan.ts'

/** Starts a task's supervisor: a process of its own session that goes on without us. It waits for `instruct`. */
export async function startSupervisor(
  python: string,
  id: string,
  options: ProcessEngineOptions,
): Promise<ChildProcess> {
  const { folder, errors } = taskFiles(options.root, id)
  const log = await open(errors, 'a', 0o600)
  try {
    const compiled = `pycache_prefix=${compiledFolder(options.cache)}`
    const script = join(options.agent ?? defaultAgent, 'supervise.py')
    const child = spawn(python, ['-E', '-s', '-S', '-X', compiled, script, folder], {
      cwd: '/',
      detached: true,
      // Nothing of the server's: the supervisor, and the task's first process, need nothing.
      env: { LANG: 'C.UTF-8', PATH: '/usr/bin:/bin' },
      stdio: ['pipe', 'ignore', log.fd],
    })
    // A supervisor that found another one at work ends at once, and writing to it fails: the other one serves.
    child.stdin?.on('error', () => {})
    child.unref()
    return child
  } finally {
    await log.close()
  }
}

/** Sends the plan, the objects as S3 lists them, and the word to go. Throws what the reader throws. */
export async function instruct(
  child: ChildProcess,
  plan: Plan,
  spec: TaskSpec,
  objects: ObjectReader,
  signal: AbortSignal,
): Promise<void> {
  const send = async (message: unknown) => {
    signal.throwIfAborted()
    const stdin = child.stdin
    if (!stdin?.writable) return
    if (!stdin.write(`${JSON.stringify(message)}\n`)) await Promise.race([once(stdin, 'drain'), once(stdin, 'close')])
  }
  try {
    await send(plan)
    for (const [index, input] of spec.inputs.entries()) {
      await send({ input: index, objects: [] }) // the folder is there, however empty
      for await (const batch of objects.read(spec.scope, input.source)) {
        await send({ input: index, objects: batch.map(({ name, sizeBytes, path }) => [name, sizeBytes, path]) })
      }
    }
    await send({ go: true })
  } finally {
    child.stdin?.end()
  }
}
