import { type Frame, sourceCursorOf } from './frame.ts'

const blockBytes = 64 * 1024

/** Where to find events: frames of together some 64 KiB. */
export interface Block {
  readonly offset: number
  readonly sequence: number
  minTime: number
  maxTime: number
}

/** All that is known of a stream's file up to `size`; plain data, which the checkpoint file holds as JSON. */
export interface StreamIndex {
  size: number
  events: number
  storedBytes: number
  firstEvent?: number
  lastEvent?: number
  lastIngested?: number
  sourceCursor?: string
  blocks: Block[]
}

export function emptyIndex(size: number): StreamIndex {
  return { size, events: 0, storedBytes: 0, blocks: [] }
}

/** Adds the frame that begins at the index's size. */
export function addFrame(index: StreamIndex, frame: Frame): void {
  const cursor = sourceCursorOf(frame)
  if (cursor !== undefined) index.sourceCursor = cursor
  if (frame.events > 0) {
    const { minTime, maxTime } = frame
    const last = index.blocks.at(-1)
    if (last && index.size - last.offset < blockBytes) {
      last.minTime = Math.min(last.minTime, minTime)
      last.maxTime = Math.max(last.maxTime, maxTime)
    } else index.blocks.push({ offset: index.size, sequence: index.events, minTime, maxTime })
    index.firstEvent = Math.min(index.firstEvent ?? minTime, minTime)
    index.lastEvent = Math.max(index.lastEvent ?? maxTime, maxTime)
    index.lastIngested = frame.ingested
    index.events += frame.events
    index.storedBytes += frame.messageBytes
  }
  index.size += frame.length
}

/** The place of the last block that begins at the sequence or before it. */
export function blockAt(index: StreamIndex, sequence: number): number {
  let low = 0
  let high = index.blocks.length - 1
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if ((index.blocks[middle]?.sequence ?? 0) <= sequence) low = middle
    else high = middle - 1
  }
  return low
}
