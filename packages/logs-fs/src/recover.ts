import { type FileHandle, open, readFile, rename, writeFile } from 'node:fs/promises'
import { decodeFrame } from './frame.ts'
import { addFrame, emptyIndex, type StreamIndex } from './stream-index.ts'

const readBytes = 1024 * 1024
/** More than any name takes. */
const headBytes = 16 * 1024
const format = 1

/** What a stream's first frame says. */
export interface StreamHead {
  readonly format: number
  readonly name: string
  /** Epoch milliseconds. */
  readonly created: number
}

export function headOf(name: string, created: Date): StreamHead {
  return { format, name, created: created.getTime() }
}

/** Beside each stream's file: its index up to some size, so that only what came later is read on opening. */
export function checkpointPath(path: string): string {
  return `${path}.index`
}

export async function writeCheckpoint(path: string, head: StreamHead, index: StreamIndex): Promise<void> {
  const aside = `${checkpointPath(path)}.new`
  await writeFile(aside, JSON.stringify({ head, index }), { mode: 0o600 })
  await rename(aside, checkpointPath(path))
}

/**
 * Reads what the checkpoint does not know, and cuts a torn tail off at the last whole batch. Bytes that are whole by
 * their length but damaged are kept beside the file, for they are not what a crash in the middle of a write leaves.
 */
export async function recover(path: string): Promise<{ head: StreamHead; index: StreamIndex; checkpointed: number }> {
  const file = await open(path, 'r+')
  try {
    const { size } = await file.stat()
    const head = await readHead(file, path, size)
    const known = await readCheckpoint(path, head.head, size)
    const index = known ?? emptyIndex(head.length)
    const checkpointed = known?.size ?? 0
    const end = await scan(file, index, size)
    if (end === 'damaged') await writeFile(`${path}.damaged`, await slice(file, index.size, size), { mode: 0o600 })
    if (index.size < size) await file.truncate(index.size)
    return { head: head.head, index, checkpointed }
  } finally {
    await file.close()
  }
}

async function readHead(file: FileHandle, path: string, size: number): Promise<{ head: StreamHead; length: number }> {
  const frame = decodeFrame(await slice(file, 0, Math.min(size, headBytes)))
  if (frame === 'damaged' || 'needs' in frame || frame.kind !== 'stream')
    throw new Error(`${path} is not a log stream's file: its first frame is damaged`)
  const head = JSON.parse(frame.payload.toString()) as StreamHead
  if (head.format > format)
    throw new Error(`${path} has format ${head.format}, and this version of Sagebrush knows ${format}: use a newer one`)
  return { head, length: frame.length }
}

async function readCheckpoint(path: string, head: StreamHead, size: number): Promise<StreamIndex | undefined> {
  try {
    const read = JSON.parse(await readFile(checkpointPath(path), 'utf8')) as { head: StreamHead; index: StreamIndex }
    // One that was left by a deleted stream of this name, or that a power cut put before its data, is of no use.
    const fits = read.head.created === head.created && read.head.name === head.name && read.index.size <= size
    return fits ? read.index : undefined
  } catch {
    // Missing or cut short: the file itself holds everything.
    return undefined
  }
}

async function scan(file: FileHandle, index: StreamIndex, size: number): Promise<'whole' | 'torn' | 'damaged'> {
  let bytes: Buffer = Buffer.alloc(0)
  let wanted = readBytes
  for (;;) {
    const start = index.size + bytes.length
    const more = await slice(file, start, Math.min(start + wanted, size))
    if (more.length === 0) return bytes.length === 0 ? 'whole' : 'torn'
    bytes = bytes.length === 0 ? more : Buffer.concat([bytes, more])
    wanted = readBytes
    while (bytes.length > 0) {
      const frame = decodeFrame(bytes)
      if (frame === 'damaged' || ('kind' in frame && frame.kind !== 'batch')) return 'damaged'
      if ('needs' in frame) {
        wanted = Math.max(readBytes, frame.needs - bytes.length)
        break
      }
      addFrame(index, frame)
      bytes = bytes.subarray(frame.length)
    }
  }
}

/** The bytes of [start, end), which is to lie within the file; fewer where it was cut meanwhile. */
export async function slice(file: FileHandle, start: number, end: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(Math.max(0, end - start))
  let read = 0
  while (read < bytes.length) {
    const { bytesRead } = await file.read(bytes, read, bytes.length - read, start + read)
    if (bytesRead === 0) break
    read += bytesRead
  }
  return bytes.subarray(0, read)
}
