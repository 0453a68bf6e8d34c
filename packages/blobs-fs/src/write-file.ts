import type { FileHandle } from 'node:fs/promises'
import type { Digester } from './digester.ts'

/**
 * What is hashed at a stretch, under 2 ms of it, before others get a turn of the event loop. Without the pause a fast
 * socket would hand over 2 MiB within one turn.
 */
const sliceBytes = 256 * 1024
/** What waits for the disk at most while the source is read on. */
const pendingBytes = 1024 * 1024

/**
 * Writes a stream to a file, hashing on the way, and resolves to its size. Reading, hashing and writing overlap:
 * while one write is under way the next chunks are read and hashed, and then written together.
 */
export async function writeFrom(
  source: AsyncIterable<Uint8Array>,
  file: FileHandle,
  digester: Digester,
): Promise<number> {
  let sizeBytes = 0
  let pending: Uint8Array[] = []
  let waiting = 0
  let writing: Promise<void> | undefined
  let failure: unknown
  const flush = (): void => {
    const chunks = pending
    pending = []
    waiting = 0
    writing = writeAll(file, chunks).then(
      () => {
        writing = undefined
        if (pending.length > 0) flush()
      },
      (cause: unknown) => {
        writing = undefined
        failure = cause
      },
    )
  }
  const take = async (bytes: Uint8Array): Promise<void> => {
    digester.update(bytes)
    sizeBytes += bytes.length
    pending.push(bytes)
    waiting += bytes.length
    if (!writing) flush()
    while (writing && waiting >= pendingBytes) await writing
    if (failure) throw failure
  }
  try {
    let hashed = 0
    for await (const chunk of source)
      for (let at = 0; at < chunk.length; at += sliceBytes) {
        const slice = chunk.subarray(at, at + sliceBytes)
        await take(slice)
        hashed += slice.length
        if (hashed < sliceBytes) continue
        hashed = 0
        await new Promise((resolve) => setImmediate(resolve))
      }
  } finally {
    // The handle is the caller's to close: no write may still be under way then.
    while (writing) await writing
  }
  if (failure) throw failure
  return sizeBytes
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
