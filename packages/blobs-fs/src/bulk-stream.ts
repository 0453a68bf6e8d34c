import type { FileHandle } from 'node:fs/promises'
import type { DigestName } from '@sagebrush/core'
import type { Answer, BulkThread } from './bulk-thread.ts'
import { Digester, type Digests } from './digester.ts'

/** Up to so much is hashed at the end, where it is: under 0.3 ms, less than the way to the thread and back. */
const smallBytes = 128 * 1024
/** What goes to the thread at once. */
const blockBytes = 256 * 1024
/** Blocks that wait at the thread before the source is read on. */
const blocksAhead = 4

/** A stream of bytes that is hashed and, where a file is given, written to it: in the thread unless it is small. */
export class BulkStream {
  readonly #thread: BulkThread
  readonly #names: readonly DigestName[]
  readonly #file: FileHandle | undefined
  #small: Uint8Array[] = []
  #smallBytes = 0
  #stream: number | undefined
  #block: ArrayBuffer | undefined
  #filled = 0
  #ahead = 0
  readonly #spare: ArrayBuffer[] = []
  #failure: Error | undefined
  #digests: Digests | undefined
  #dropped = false
  #wake: (() => void) | undefined

  constructor(thread: BulkThread, names: readonly DigestName[], file?: FileHandle) {
    this.#thread = thread
    this.#names = names
    this.#file = file
  }

  /** Whether it still needs the bytes that it took. */
  get keeps(): boolean {
    return this.#small.length > 0
  }

  /** Takes bytes that nobody changes any more; where it gives a promise, more is to come only after it. */
  update(bytes: Uint8Array): Promise<void> | undefined {
    if (this.#stream === undefined) {
      this.#small.push(bytes)
      this.#smallBytes += bytes.length
      if (this.#smallBytes <= smallBytes) return undefined
      this.#stream = this.#thread.open({
        answered: (answer) => this.#answered(answer),
        failed: (cause) => {
          this.#dropped = true
          this.#fail(cause)
        },
      })
      this.#thread.send({ stream: this.#stream, names: this.#names, file: this.#file?.fd })
      for (const part of this.#small.splice(0)) this.#add(part)
    } else this.#add(bytes)
    return this.#ahead >= blocksAhead || this.#failure ? this.#room() : undefined
  }

  /** All is written; resolves to the digests. */
  async finish(): Promise<Digests> {
    if (this.#stream === undefined) {
      const bytes = Buffer.concat(this.#small)
      await this.#file?.writeFile(bytes)
      const digester = new Digester(this.#names)
      digester.update(bytes)
      return digester.digests()
    }
    this.#post()
    this.#thread.send({ stream: this.#stream, end: true })
    while (!this.#digests) await this.#answer()
    this.#thread.close(this.#stream)
    return this.#digests
  }

  /** Nobody wants it any more; once resolved, the thread lets the file alone, which can be closed. */
  async drop(): Promise<void> {
    if (this.#stream === undefined || this.#digests) return
    this.#thread.send({ stream: this.#stream, drop: true })
    while (!this.#dropped) await new Promise<void>((resolve) => (this.#wake = resolve))
    this.#thread.close(this.#stream)
  }

  #add(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      this.#block ??= this.#spare.pop() ?? new ArrayBuffer(blockBytes)
      const part = bytes.subarray(at, at + blockBytes - this.#filled)
      new Uint8Array(this.#block).set(part, this.#filled)
      at += part.length
      this.#filled += part.length
      if (this.#filled === blockBytes) this.#post()
    }
  }

  #post(): void {
    if (this.#stream === undefined || !this.#block) return
    this.#thread.send({ stream: this.#stream, bytes: this.#block, length: this.#filled })
    this.#block = undefined
    this.#filled = 0
    this.#ahead++
  }

  async #room(): Promise<void> {
    if (this.#failure) throw this.#failure
    while (this.#ahead >= blocksAhead) await this.#answer()
  }

  async #answer(): Promise<void> {
    if (!this.#failure) await new Promise<void>((resolve) => (this.#wake = resolve))
    if (this.#failure) throw this.#failure
  }

  #answered({ bytes, digests, dropped, error }: Answer): void {
    if (bytes) {
      this.#spare.push(bytes)
      this.#ahead--
    }
    if (digests) this.#digests = digests
    if (dropped) this.#dropped = true
    if (error) this.#fail(Object.assign(new Error(error.message), error.code && { code: error.code }))
    this.#wake?.()
  }

  #fail(cause: Error): void {
    this.#failure = cause
    this.#wake?.()
  }
}
