import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { DiskFull, type LogEvent, type LogRead, type LogStream, LogStreamMissing } from '@sagebrush/core'
import { decodeFrame, encodeBatch } from './frame.ts'
import { type LogPage, readPage } from './read-page.ts'
import { recover, type StreamHead, writeCheckpoint } from './recover.ts'
import { addFrame, type StreamIndex } from './stream-index.ts'

const checkpointBytes = 4 * 1024 * 1024
/** Below this reading the file again is as quick as reading a checkpoint, and a busy server has thousands of them. */
const settleBytes = 256 * 1024

/** One stream. Its file is open only while something is written or read: thousands of streams hold no descriptors. */
export class StreamFile {
  readonly #path: string
  readonly #head: StreamHead
  readonly #index: StreamIndex
  #checkpointed: number
  #last: Promise<unknown> = Promise.resolve()
  #deleted = false

  constructor(path: string, head: StreamHead, index: StreamIndex, checkpointed: number) {
    this.#path = path
    this.#head = head
    this.#index = index
    this.#checkpointed = checkpointed
  }

  static async open(path: string): Promise<StreamFile> {
    const { head, index, checkpointed } = await recover(path)
    return new StreamFile(path, head, index, checkpointed)
  }

  get name(): string {
    return this.#head.name
  }

  get sourceCursor(): string | undefined {
    this.#check()
    return this.#index.sourceCursor
  }

  describe(): LogStream {
    const { events, storedBytes, firstEvent, lastEvent, lastIngested } = this.#index
    return {
      name: this.#head.name,
      created: new Date(this.#head.created),
      ...(firstEvent === undefined ? {} : { firstEvent: new Date(firstEvent) }),
      ...(lastEvent === undefined ? {} : { lastEvent: new Date(lastEvent) }),
      ...(lastIngested === undefined ? {} : { lastIngested: new Date(lastIngested) }),
      storedBytes,
      events,
    }
  }

  append(events: readonly LogEvent[], ingested: Date, sourceCursor: string | undefined): Promise<void> {
    const bytes = encodeBatch(events, ingested, sourceCursor)
    return this.#alone(async () => {
      await this.#withFile(constants.O_WRONLY, (file) => this.#write(file, bytes))
      const frame = decodeFrame(bytes)
      if (frame !== 'damaged' && 'kind' in frame) addFrame(this.#index, frame)
      const grown = this.#index.size - this.#checkpointed
      // In step with the size: the index of a large stream is large itself.
      if (grown >= Math.max(checkpointBytes, this.#index.size / 8)) await this.#checkpoint()
    })
  }

  read(query: LogRead): Promise<LogPage> {
    return this.#withFile(constants.O_RDONLY, (file) => readPage(file, this.#index, query))
  }

  /** Makes what a larger stream wrote durable, and its next opening quick. */
  settle(): Promise<void> {
    return this.#alone(async () => {
      if (this.#index.size - this.#checkpointed >= settleBytes) await this.#checkpoint()
    })
  }

  /** Lets what was begun end, and refuses all that comes after. */
  async retire(): Promise<void> {
    this.#deleted = true
    await this.#last
  }

  async #write(file: FileHandle, bytes: Buffer): Promise<void> {
    try {
      for (let done = 0; done < bytes.length; )
        done += (await file.write(bytes, done, bytes.length - done, this.#index.size + done)).bytesWritten
    } catch (cause) {
      await file.truncate(this.#index.size)
      throw cause
    }
  }

  async #checkpoint(): Promise<void> {
    await this.#withFile(constants.O_RDONLY, (file) => file.datasync())
    await writeCheckpoint(this.#path, this.#head, this.#index)
    this.#checkpointed = this.#index.size
  }

  #alone<T>(run: () => Promise<T>): Promise<T> {
    this.#check()
    const result = this.#last.then(() => {
      this.#check()
      return run()
    })
    this.#last = result.catch(() => {})
    return result
  }

  async #withFile<T>(flags: number, use: (file: FileHandle) => Promise<T>): Promise<T> {
    this.#check()
    try {
      const file = await open(this.#path, flags | constants.O_NOFOLLOW)
      try {
        return await use(file)
      } finally {
        await file.close()
      }
    } catch (cause) {
      const code = cause instanceof Error ? (cause as NodeJS.ErrnoException).code : undefined
      if (code === 'ENOENT') throw this.#missing(cause)
      if (code === 'ENOSPC' || code === 'EDQUOT')
        throw new DiskFull(`The disk that holds ${this.#path} is full: free some space, or move the home`, { cause })
      throw cause
    }
  }

  #check(): void {
    if (this.#deleted) throw this.#missing()
  }

  #missing(cause?: unknown): LogStreamMissing {
    return new LogStreamMissing(`The log stream "${this.#head.name}" was deleted`, { cause })
  }
}
