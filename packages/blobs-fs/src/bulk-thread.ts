import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { DigestName } from '@sagebrush/core'
import type { Digests } from './digester.ts'

/** What the thread is told: that a stream begins, its bytes, its end, that nobody wants it any more, or files to join. */
export type Order =
  | { readonly stream: number; readonly names: readonly DigestName[]; readonly file: number | undefined }
  | { readonly stream: number; readonly bytes: ArrayBuffer; readonly length: number }
  | { readonly stream: number; readonly end: true }
  | { readonly stream: number; readonly drop: true }
  | {
      readonly stream: number
      readonly join: readonly string[]
      readonly into: string
      readonly names: readonly DigestName[]
    }

export interface Answer {
  readonly stream: number
  /** Hashed and written, to be filled again. */
  readonly bytes?: ArrayBuffer
  readonly digests?: Digests
  readonly sizeBytes?: number
  /** The thread has let go of the stream's file. */
  readonly dropped?: true
  /** `part` is the place among the joined files of the one that failed. */
  readonly error?: { readonly message: string; readonly code?: string; readonly part?: number }
}

interface Stream {
  answered(answer: Answer): void
  /** The thread is no more. */
  failed(cause: Error): void
}

/**
 * A thread that hashes, writes and joins: gigabytes of that would hold up the one that answers requests, also where it
 * is left to the threads that Node keeps for files, since each of them is as urgent. Begun when first needed; it keeps
 * the process alive only while it has something to do.
 */
export class BulkThread {
  #thread: Worker | undefined
  #lastStream = 0
  readonly #streams = new Map<number, Stream>()
  readonly #start: () => Worker

  /** `start`: begins a thread that takes orders and answers them. */
  constructor(start: () => Worker = startThread) {
    this.#start = start
  }

  /** A new stream of work, whose answers go to `stream`. */
  open(stream: Stream): number {
    const number = ++this.#lastStream
    this.#streams.set(number, stream)
    this.#begun().ref()
    return number
  }

  /** A stream that the thread took along when it ended is over: nothing is sent for it any more. */
  send(order: Order): void {
    if (!this.#streams.has(order.stream)) return
    this.#begun().postMessage(order, 'bytes' in order ? [order.bytes] : [])
  }

  close(stream: number): void {
    this.#streams.delete(stream)
    if (this.#streams.size === 0) this.#thread?.unref()
  }

  #begun(): Worker {
    if (this.#thread) return this.#thread
    const thread = this.#start()
    thread.on('message', (answer: Answer) => this.#streams.get(answer.stream)?.answered(answer))
    const end = (cause: Error) => {
      if (this.#thread === thread) this.#thread = undefined
      for (const stream of this.#streams.values()) stream.failed(cause)
      this.#streams.clear()
    }
    thread.on('error', end)
    thread.on('exit', (code) => end(new Error(`the thread for uploads ended with code ${code}`)))
    this.#thread = thread
    return thread
  }
}

function startThread(): Worker {
  return new Worker(new URL(`./bulk.worker${extname(import.meta.url)}`, import.meta.url))
}
