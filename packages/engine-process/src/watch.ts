import { type FSWatcher, watch } from 'node:fs'
import { hintFolder } from './options.ts'

const POLL_MS = 2_000

/**
 * Tells listeners which task may have changed: at once by the file that its supervisor touches, and, for what no file
 * tells (a supervisor that was killed), every two seconds for each task that `active` names.
 */
export class Watcher {
  readonly #listeners = new Set<(id: string) => void>()
  readonly #root: string
  readonly #active: () => Promise<readonly string[]>
  #files: FSWatcher | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(root: string, active: () => Promise<readonly string[]>) {
    this.#root = root
    this.#active = active
  }

  /** The folder of hints must be there. */
  add(listener: (id: string) => void): () => void {
    this.#listeners.add(listener)
    this.#begin()
    return () => {
      this.#listeners.delete(listener)
      if (this.#listeners.size === 0) this.close()
    }
  }

  tell(id: string): void {
    for (const listener of this.#listeners) listener(id)
  }

  close(): void {
    this.#files?.close()
    this.#files = undefined
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  #begin(): void {
    if (this.#timer) return
    try {
      this.#files = watch(hintFolder(this.#root), { persistent: false }, (_, id) => id && this.tell(id))
      this.#files.on('error', () => this.#files?.close())
    } catch {
      // No more inotify instances for this user: the poll alone serves, more slowly.
    }
    this.#timer = setInterval(() => void this.#poll(), POLL_MS)
    this.#timer.unref()
  }

  async #poll(): Promise<void> {
    for (const id of await this.#active().catch(() => [])) this.tell(id)
  }
}
