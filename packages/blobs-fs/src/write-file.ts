import type { FileHandle } from 'node:fs/promises'
import type { StreamDigester } from './stream-digester.ts'

/** What is taken before others get a turn of the event loop: a fast socket would hand over 2 MiB within one turn. */
const sliceBytes = 256 * 1024
/** What waits for the disk at most while the source is read on. */
const pendingBytes = 1024 * 1024
/** What is written before the disk is asked to take it, so that it works while the rest still comes. */
const syncBytes = 32 * 1024 * 1024

export interface WriteOptions {
  readonly digester: StreamDigester
  /** The caller will fsync the file, so parts of a large one are synced as they come. */
  readonly sync: boolean
  /** Awaited between two slices. */
  readonly giveWay: () => Promise<void>
}

/**
 * Writes a stream to a file, hashing on the way, and resolves to its size. Reading, hashing and writing overlap:
 * while one write is under way the next chunks are read, and then written together. The memory of written chunks is
 * given back at once: they are no longer to be used.
 */
export async function writeFrom(
  source: AsyncIterable<Uint8Array>,
  file: FileHandle,
  { digester, sync, giveWay }: WriteOptions,
): Promise<number> {
  let sizeBytes = 0
  let pending: Uint8Array[] = []
  let waiting = 0
  let writing: Promise<void> | undefined
  let failure: unknown
  let unsynced = 0
  let syncing: Promise<void> | undefined
  const flush = (): void => {
    const chunks = pending
    unsynced += waiting
    pending = []
    waiting = 0
    writing = writeAll(file, chunks).then(
      () => {
        writing = undefined
        if (!digester.keeps) for (const chunk of chunks) release(chunk)
        if (sync && unsynced >= syncBytes && !syncing) startSync()
        if (pending.length > 0) flush()
      },
      (cause: unknown) => {
        writing = undefined
        failure = cause
      },
    )
  }
  const startSync = (): void => {
    unsynced = 0
    syncing = file.datasync().then(
      () => {
        syncing = undefined
      },
      (cause: unknown) => {
        syncing = undefined
        failure = cause
      },
    )
  }
  const take = async (bytes: Uint8Array): Promise<void> => {
    const room = digester.update(bytes)
    room?.catch(() => {}) // awaited below, after the disk
    sizeBytes += bytes.length
    pending.push(bytes)
    waiting += bytes.length
    if (!writing) flush()
    while (writing && waiting >= pendingBytes) await writing
    if (room) await room
    if (failure) throw failure
  }
  try {
    let taken = 0
    for await (const chunk of source)
      for (let at = 0; at < chunk.length; at += sliceBytes) {
        const slice = chunk.subarray(at, at + sliceBytes)
        taken += slice.length
        await take(slice)
        if (taken < sliceBytes) continue
        taken = 0
        await giveWay()
      }
  } finally {
    // The handle is the caller's to close: no write may still be under way then.
    while (writing) await writing
    await syncing
  }
  if (failure) throw failure
  return sizeBytes
}

/**
 * Gives memory back now. Left to the garbage collector, an upload of gigabytes makes it stop the thread for 10 ms
 * some six times a second. Views that share their memory are left alone.
 */
function release({ buffer, byteLength }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0)
}

async function writeAll(file: FileHandle, chunks: Uint8Array[]): Promise<void> {
  let rest = chunks.filter((chunk) => chunk.length > 0)
  while (rest.length > 0) {
    const { bytesWritten } = await file.writev(rest.slice(0, 1024))
    let skip = bytesWritten
    let whole = 0
    for (const chunk of rest) {
      if (skip < chunk.length) break
      skip -= chunk.length
      whole++
    }
    rest = rest.slice(whole)
    if (skip > 0 && rest[0]) rest[0] = rest[0].subarray(skip)
  }
}
