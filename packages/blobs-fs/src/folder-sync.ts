import { mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Makes and fsyncs folders so that callers who come while one is running share the next. */
export class FolderSync {
  readonly #enabled: boolean
  readonly #running = new Map<string, Promise<void>>()
  readonly #made = new Map<string, Promise<void>>()
  readonly #waiting = new Map<string, Promise<void>>()

  constructor(enabled: boolean) {
    this.#enabled = enabled
  }

  /** Resolves once all that was renamed into the folder before the call is durable. */
  async sync(folder: string): Promise<void> {
    if (!this.#enabled) return
    const waiting = this.#waiting.get(folder)
    if (waiting) return waiting
    const running = this.#running.get(folder)
    if (!running) return this.#start(folder)
    // What is running may have begun before the caller's rename: only a sync that starts afterwards covers it.
    const next = running
      .catch(() => {})
      .then(() => {
        this.#waiting.delete(folder)
        return this.#start(folder)
      })
    this.#waiting.set(folder, next)
    return next
  }

  /** Makes a folder two levels below the root, durably and once for all who ask meanwhile. */
  async make(folder: string, root: string): Promise<void> {
    const making = this.#made.get(folder) ?? this.#makeDurable(folder, root)
    // Only the folder of the moment is asked for, again and again.
    if (this.#made.size > 8) this.#made.clear()
    this.#made.set(folder, making)
    try {
      await making
    } catch (cause) {
      this.#made.delete(folder)
      throw cause
    }
  }

  async #makeDurable(folder: string, root: string): Promise<void> {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await this.sync(root)
    await this.sync(dirname(folder))
  }

  #start(folder: string): Promise<void> {
    const run = syncFolder(folder).finally(() => {
      if (this.#running.get(folder) === run) this.#running.delete(folder)
    })
    this.#running.set(folder, run)
    return run
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
