import { getCompileCacheDir } from 'node:module'
import { Worker } from 'node:worker_threads'
import { fromMessage, StoreFailed } from './errors.ts'
import type { AnswerMessage, CallMessage, WorkerStart } from './messages.ts'

interface Waiting {
  readonly resolve: (output: unknown) => void
  readonly reject: (cause: Error) => void
}

type Calls = { [K in string]: { input: unknown; output: unknown } }

/** Calls to one worker thread. A thread that ends unasked rejects what waits for it and all that comes after. */
export class WorkerLink<C extends { [K in keyof C]: Calls[string] }> {
  readonly #worker: Worker
  readonly #path: string
  readonly #waiting = new Map<number, Waiting>()
  readonly #ended: Promise<void>
  #lastId = 0
  #gone: Error | undefined

  constructor(start: WorkerStart, thread: Worker = startThread(start)) {
    this.#path = start.path
    this.#worker = thread
    this.#worker.on('message', (answers: readonly AnswerMessage[]) => {
      for (const answer of answers) this.#settle(answer)
    })
    this.#worker.on('error', (cause) => this.#fail(cause))
    this.#ended = new Promise((resolve) => {
      this.#worker.on('exit', (code) => {
        this.#fail(new Error(`The thread ended with code ${code}`))
        resolve()
      })
    })
  }

  call<K extends keyof C & string>(call: K, input: C[K]['input']): Promise<C[K]['output']> {
    return new Promise((resolve, reject) => {
      if (this.#gone) return reject(this.#gone)
      const id = ++this.#lastId
      this.#waiting.set(id, { resolve, reject })
      const message: CallMessage = { id, call, input }
      this.#worker.postMessage(message)
    })
  }

  /** Waits for what was called before, closes the thread's file and ends it. */
  async close(): Promise<void> {
    if (this.#gone) return
    const closed = this.call('close' as keyof C & string, {})
    this.#gone = new Error('The store is closed')
    await closed
    await this.#ended
  }

  #settle(answer: AnswerMessage): void {
    const waiting = this.#waiting.get(answer.id)
    this.#waiting.delete(answer.id)
    if ('error' in answer) waiting?.reject(fromMessage(answer.error, this.#path))
    else waiting?.resolve(answer.output)
  }

  #fail(cause: unknown): void {
    this.#gone ??= new StoreFailed(`A thread of the store ${this.#path} ended unasked: restart the server`, { cause })
    for (const { reject } of this.#waiting.values()) reject(this.#gone)
    this.#waiting.clear()
  }
}

function startThread(start: WorkerStart): Worker {
  // Compiled, this file and the worker's both end in .js.
  const extension = import.meta.url.slice(import.meta.url.lastIndexOf('.'))
  const file = new URL(`./worker${extension}`, import.meta.url)
  const cache = getCompileCacheDir()
  if (cache === undefined) return new Worker(file, { workerData: start })
  // A thread does not inherit the compile cache that its parent turned on, and without it each thread loads Node's
  // type stripper, which costs 10 MiB and 30 ms apiece.
  const entry = `require('node:module').enableCompileCache(${JSON.stringify(cache)}); import(${JSON.stringify(file)})`
  return new Worker(entry, { eval: true, workerData: start })
}
