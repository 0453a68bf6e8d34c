import { extname } from 'node:path'
import { Worker } from 'node:worker_threads'
import { StagingError } from '@sagebrush/core'
import { EngineApiError, EngineUnreachable } from '../engine-api.ts'
import type { BuildOrder } from './build-image.ts'
import type { Collected, CollectOrder } from './collect.ts'
import type { CopyOrder } from './copy-objects.ts'
import type { LinkOrder, WriteOrder } from './link-objects.ts'
import type { UnpackOrder } from './unpack.ts'

export type Call =
  | { readonly do: 'link'; readonly order: LinkOrder }
  | { readonly do: 'write'; readonly order: WriteOrder }
  | { readonly do: 'copy'; readonly order: CopyOrder }
  | { readonly do: 'unpack'; readonly order: UnpackOrder }
  | { readonly do: 'build'; readonly order: BuildOrder }
  | { readonly do: 'collect'; readonly order: CollectOrder }

/** To the thread: what to do, or that nobody wants it any more. */
export type Message = { readonly id: number; readonly call: Call } | { readonly id: number; readonly cancel: true }

interface Answer {
  readonly id: number
  readonly output?: unknown
  readonly error?: {
    readonly name: string
    readonly message: string
    readonly code?: string
    readonly status?: number
    readonly staging: boolean
  }
}

interface Waiting {
  readonly resolve: (output: unknown) => void
  readonly reject: (error: Error) => void
}

/** The thread for links and archives, which would hold up the one that answers requests. Begun with the first call. */
export class ArchiveWorker {
  #thread: Worker | undefined
  #lastId = 0
  readonly #waiting = new Map<number, Waiting>()

  async collect(order: CollectOrder): Promise<Collected> {
    return (await this.call({ do: 'collect', order })) as Collected
  }

  /** Where `signal` is aborted it rejects when the thread has ended what it was at; only a build can be ended. */
  async call(call: Call, signal?: AbortSignal): Promise<unknown> {
    signal?.throwIfAborted()
    const thread = this.#begun()
    const id = ++this.#lastId
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    this.#waiting.set(id, { resolve, reject })
    thread.postMessage({ id, call } satisfies Message)
    const cancel = () => thread.postMessage({ id, cancel: true } satisfies Message)
    signal?.addEventListener('abort', cancel)
    try {
      return await promise
    } finally {
      signal?.removeEventListener('abort', cancel)
    }
  }

  /** Breaks off what is under way. */
  async close(): Promise<void> {
    await this.#thread?.terminate()
  }

  #begun(): Worker {
    if (this.#thread) return this.#thread
    const thread = new Worker(new URL(`./archive.worker${extname(import.meta.url)}`, import.meta.url))
    thread.unref()
    thread.on('message', ({ id, output, error }: Answer) => {
      const waiting = this.#waiting.get(id)
      this.#waiting.delete(id)
      if (error) waiting?.reject(revived(error))
      else waiting?.resolve(output)
    })
    const end = (cause: Error) => {
      if (this.#thread === thread) this.#thread = undefined
      for (const { reject } of this.#waiting.values()) reject(cause)
      this.#waiting.clear()
    }
    thread.on('error', end)
    thread.on('exit', (code) => end(new Error(`the thread for archives ended with code ${code}`)))
    this.#thread = thread
    return thread
  }
}

function revived({ name, message, code, status, staging }: NonNullable<Answer['error']>): Error {
  if (status !== undefined) return new EngineApiError(status, message)
  if (staging) return new StagingError(message)
  if (name === 'EngineUnreachable') return new EngineUnreachable(message)
  return Object.assign(new Error(message), { name, ...(code && { code }) })
}
