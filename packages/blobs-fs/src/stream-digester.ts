import type { DigestName } from '@sagebrush/core'
import { Digester, type Digests } from './digester.ts'
import type { Answer, HashThread } from './hash-thread.ts'

/** Up to so much is hashed at the end, where it is: under 0.3 ms, less than the way to the thread and back. */
const smallBytes = 128 * 1024
/** What goes to the thread at once. */
const blockBytes = 256 * 1024
/** Blocks that wait at the thread before the source is read on. */
const blocksAhead = 4

/** Digests over one stream of bytes, made in a thread of their own unless the stream is small. */
export class StreamDigester {
  readonly #names: readonly DigestName[]
  readonly #thread: HashThread
  #small: Uint8Array[] = []
  #smallBytes = 0
  #stream: number | undefined
  #block: ArrayBuffer | undefined
  #filled = 0
  #ahead = 0
  readonly #spare: ArrayBuffer[] = []
  #failure: Error | undefined
  #digests: Digests | undefined
  #wake: (() => void) | undefined

  constructor(names: readonly DigestName[], thread: HashThread) {
    this.#names = names
    this.#thread = thread
  }

  /** Whether it still needs the bytes that it took. */
  get keeps(): boolean {
    return this.#small.length > 0
  }

  /** Takes bytes that nobody changes any more; where it gives a promise, more is to come only after it. */
  update(bytes: Uint8Array): Promise<void> | undefined {
    if (this.#names.length === 0) return undefined
    if (this.#stream === undefined) {
      this.#small.push(bytes)
      this.#smallBytes += bytes.length
      if (this.#smallBytes <= smallBytes) return undefined
      this.#stream = this.#thread.open({
        answered: (answer) => this.#answered(answer),
        failed: (cause) => this.#fail(cause),
      })
      for (const part of this.#small.splice(0)) this.#add(part)
    } else this.#add(bytes)
    return this.#ahead >= blocksAhead || this.#failure ? this.#room() : undefined
  }

  async digests(): Promise<Digests> {
    if (this.#stream === undefined) {
      const digester = new Digester(this.#names)
      for (const part of this.#small) digester.update(part)
      return digester.digests()
    }
    this.#post()
    this.#thread.send({ stream: this.#stream, end: true })
    while (!this.#digests) await this.#answer()
    this.#thread.close(this.#stream)
    return this.#digests
  }

  /** Nobody wants the digests any more. */
  drop(): void {
    if (this.#stream === undefined || this.#digests) return
    this.#thread.send({ stream: this.#stream, drop: true })
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
    this.#thread.send({ stream: this.#stream, names: this.#names, bytes: this.#block, length: this.#filled })
    this.#block = undefined
    this.#filled = 0
    this.#ahead++
  }

  async #room(): Promise<void> {
    while (this.#ahead >= blocksAhead) await this.#answer()
  }

  async #answer(): Promise<void> {
    if (!this.#failure) await new Promise<void>((resolve) => (this.#wake = resolve))
    if (this.#failure) throw this.#failure
  }

  #answered({ bytes, digests }: Answer): void {
    if (bytes) {
      this.#spare.push(bytes)
      this.#ahead--
    }
    if (digests) this.#digests = digests
    this.#wake?.()
  }

  #fail(cause: Error): void {
    this.#failure = cause
    this.#wake?.()
  }
}
