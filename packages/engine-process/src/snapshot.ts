import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import type { CollectedOutput } from '@sagebrush/core'
import { hasCode, readSpec } from '@sagebrush/task-folder'
import { compiledFolder } from './bytecode.ts'
import { type ProcessEngineOptions, taskFiles } from './options.ts'

interface Told {
  readonly sizeBytes: number
  readonly md5: string
  readonly members: number
}

/** Archives of tasks that run, each made by a process of its own. */
export class Snapshots {
  readonly #options: ProcessEngineOptions
  readonly #running = new Map<string, Set<Promise<unknown>>>()
  readonly #children = new Map<Promise<unknown>, ChildProcess>()

  constructor(options: ProcessEngineOptions) {
    this.#options = options
  }

  /** Undefined where the folder is empty, or the task goes away meanwhile. */
  async take(id: string, archive: string, python: string): Promise<CollectedOutput | undefined> {
    const { root } = this.#options
    const { folder } = taskFiles(root, id)
    const file = await readSpec(root, id)
    if (!file) return undefined
    const output = file.spec.outputs.find((one) => one.archive === archive)
    if (!output) throw new TypeError(`the task ${id} has no output "${archive}"`)
    // A folder of its own: the server before may have left a process that still writes one.
    const own = await mkdtemp(join(folder, 'snapshot-')).catch((error: unknown) => {
      if (hasCode(error, 'ENOENT')) return undefined
      throw error
    })
    if (own === undefined) return undefined
    const target = join(own, archive)
    const told = await this.#run(id, python, [join(folder, 'ml'), output.path, target]).catch(async (error) => {
      await rm(own, { recursive: true, force: true })
      if ((await readSpec(root, id)) === undefined) return undefined // removed before the process began
      throw error
    })
    if (told && told.members > 0) return { archive, file: target, sizeBytes: told.sizeBytes, md5: told.md5 }
    await rm(own, { recursive: true, force: true })
    return undefined
  }

  /** Resolves when nothing writes into the task's folder any more. */
  async end(id: string): Promise<void> {
    const running = [...(this.#running.get(id) ?? [])]
    for (const promise of running) this.#children.get(promise)?.kill('SIGKILL')
    await Promise.allSettled(running)
  }

  async close(): Promise<void> {
    await Promise.all([...this.#running.keys()].map((id) => this.end(id)))
  }

  async #run(id: string, python: string, args: readonly string[]): Promise<Told | undefined> {
    const { cache, agent } = this.#options
    const compiled = `pycache_prefix=${compiledFolder(cache)}`
    const program = ['-E', '-s', '-S', '-X', compiled, join(agent, 'snapshot.py')]
    const child = spawn(python, [...program, ...args], {
      cwd: '/',
      env: { LANG: 'C.UTF-8', PATH: '/usr/bin:/bin' },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const done = Promise.all([once(child, 'close'), text(child.stdout), text(child.stderr)])
    const ofTask = this.#running.get(id) ?? new Set()
    this.#running.set(id, ofTask.add(done))
    this.#children.set(done, child)
    try {
      const [, said, wrong] = await done
      if (child.signalCode !== null) return undefined
      if (child.exitCode !== 0) throw new Error(`a snapshot of the task ${id} failed: ${wrong.trim().slice(-1000)}`)
      return JSON.parse(said) as Told
    } finally {
      this.#children.delete(done)
      ofTask.delete(done)
      if (ofTask.size === 0) this.#running.delete(id)
    }
  }
}
