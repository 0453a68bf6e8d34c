import { spawn } from 'node:child_process'
import { join } from 'node:path'

/** Bytecode of our own Python sources, by their paths: a task may not write beside them. */
export function compiledFolder(cache: string): string {
  return join(cache, 'compiled')
}

/** Brings the toolkit's bytecode up to date, once for each interpreter; nobody waits for it, and a task runs without. */
export class ToolkitBytecode {
  readonly #cache: string
  readonly #toolkit: string
  readonly #asked = new Set<string>()

  constructor({ cache, toolkit }: { readonly cache: string; readonly toolkit: string }) {
    this.#cache = cache
    this.#toolkit = toolkit
  }

  compile(python: string): void {
    if (this.#asked.has(python)) return
    this.#asked.add(python)
    const prefix = `pycache_prefix=${compiledFolder(this.#cache)}`
    const child = spawn(python, ['-E', '-s', '-S', '-X', prefix, '-m', 'compileall', '-q', this.#toolkit], {
      stdio: 'ignore',
    })
    child.on('error', () => this.#asked.delete(python))
    child.unref()
  }
}
