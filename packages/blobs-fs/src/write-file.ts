import type { FileHandle } from 'node:fs/promises'
import type { BulkStream } from './bulk-stream.ts'

/** What is taken before others get a turn of the event loop: a fast socket would hand over 2 MiB within one turn. */
const sliceBytes = 256 * 1024
/** What is taken before the disk is asked to take it, so that it works while the rest still comes. */
const syncBytes = 32 * 1024 * 1024

export interface WriteOptions {
  /** The caller will fsync the file, so parts of a large one are synced as they come. */
  readonly sync: boolean
  /** Awaited between two slices. */
  readonly giveWay: () => Promise<void>
}

/**
 * Feeds a stream of bytes to the `bulk` of a file and resolves to its size. The memory of chunks that it has copied,
 * and that are no larger than what a socket hands over, is given back at once: they are no longer to be used.
 */
export async function writeFrom(
  source: AsyncIterable<Uint8Array>,
  file: FileHandle,
  bulk: BulkStream,
  { sync, giveWay }: WriteOptions,
): Promise<number> {
  let sizeBytes = 0
  let taken = 0
  let unsynced = 0
  let failure: unknown
  let syncing: Promise<void> | undefined
  const startSync = (): void => {
    unsynced = 0
    syncing = file
      .datasync()
      .catch((cause: unknown) => {
        failure = cause
      })
      .finally(() => {
        syncing = undefined
      })
  }
  try {
    for await (const chunk of source) {
      for (let at = 0; at < chunk.length; at += sliceBytes) {
        const slice = chunk.subarray(at, at + sliceBytes)
        sizeBytes += slice.length
        taken += slice.length
        unsynced += slice.length
        await bulk.update(slice)
        if (sync && unsynced >= syncBytes && !syncing) startSync()
        if (failure) throw failure
        if (taken < sliceBytes) continue
        taken = 0
        await giveWay()
      }
      if (!bulk.keeps && chunk.length <= sliceBytes) release(chunk)
    }
  } finally {
    // The handle is the caller's to close.
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
