import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { open } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import type { ObjectReader, TaskSpec } from '@sagebrush/core'
import { compiledFolder } from './bytecode.ts'
import type { ProcessEngineOptions } from './options.ts'
import type { Plan } from './plan.ts'

/**
 * Starts supervisors: processes of their own sessions that go on without us. One is kept waiting, since Python takes
 * 20 ms to come up; it ends with the server, for its input ends.
 */
export class Supervisors {
  readonly #options: ProcessEngineOptions
  #spare: ChildProcess | undefined
  #closed = false

  constructor(options: ProcessEngineOptions) {
    this.#options = options
  }

  /** One that waits for `instruct`. */
  async take(python: string): Promise<ChildProcess> {
    const spare = this.#spare
    this.#spare = undefined
    if (spare && spare.exitCode === null && spare.signalCode === null) return spare
    return await this.#spawn(python)
  }

  /** Has one ready for the next task. */
  async warm(python: string): Promise<void> {
    if (this.#spare || this.#closed) return
    const spare = await this.#spawn(python)
    if (this.#spare || this.#closed) spare.stdin?.end()
    else this.#spare = spare
  }

  /** Resolves when the waiting one is gone. */
  async close(): Promise<void> {
    this.#closed = true
    const spare = this.#spare
    if (!spare || spare.exitCode !== null || spare.signalCode !== null) return
    const gone = once(spare, 'exit')
    spare.stdin?.end()
    await gone
  }

  async #spawn(python: string): Promise<ChildProcess> {
    const { root, cache, agent } = this.#options
    const log = await open(join(root, '.supervisors.log'), 'a', 0o600)
    try {
      const compiled = `pycache_prefix=${compiledFolder(cache)}`
      const child = spawn(python, ['-E', '-s', '-S', '-X', compiled, join(agent, 'supervise.py')], {
        cwd: '/',
        detached: true,
        // Nothing of the server's: the supervisor, and the task's first process, need nothing.
        env: { LANG: 'C.UTF-8', PATH: '/usr/bin:/bin' },
        stdio: ['pipe', 'ignore', log.fd],
      })
      // A supervisor that found another one at work ends at once, and writing to it fails: the other one serves.
      child.stdin?.on('error', () => {})
      child.on('error', () => {}) // no such program: told by its exit code, which is then -2
      child.unref()
      if (child.stdin && 'unref' in child.stdin) (child.stdin as Socket).unref()
      return child
    } finally {
      await log.close()
    }
  }
}

/** Sends the task's folder, the plan, the objects as S3 lists them, and the word to go. Throws what the reader throws. */
export async function instruct(
  child: ChildProcess,
  folder: string,
  makePlan: () => Promise<Plan>,
  spec: TaskSpec,
  objects: ObjectReader,
  signal: AbortSignal,
): Promise<void> {
  const send = async (message: unknown) => {
    signal.throwIfAborted()
    const stdin = child.stdin
    if (!stdin?.writable) return // it has ended, and says so by that
    await new Promise((resolve) => stdin.write(`${JSON.stringify(message)}\n`, resolve))
  }
  try {
    await send({ task: folder })
    await send(await makePlan())
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
