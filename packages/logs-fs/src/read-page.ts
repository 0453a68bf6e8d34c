import type { FileHandle } from 'node:fs/promises'
import type { LogRead, StoredLogEvent } from '@sagebrush/core'
import { decodeFrame, eventsOf } from './frame.ts'
import { slice } from './recover.ts'
import { type Block, blockAt, type StreamIndex } from './stream-index.ts'

export interface LogPage {
  readonly events: readonly StoredLogEvent[]
  readonly previous: number
  readonly next: number
}

/** Reads only the blocks that the sequence and the times leave. */
export async function readPage(file: FileHandle, index: StreamIndex, query: LogRead): Promise<LogPage> {
  const { events: end, size } = index
  const forward = query.direction === 'forward'
  const from = Math.min(Math.max(query.from, 0), end)
  const [low, high] = forward ? [from, end] : [0, from]
  const page: StoredLogEvent[] = []
  const blocks = blocksOf(index, low, high, forward, size)
  let bytes = 0
  let full = false
  for (const { block, until } of blocks) {
    if (!overlaps(block, query)) continue
    const events = readBlock(await slice(file, block.offset, until), block.sequence, low, high, query)
    for (const event of forward ? events : events.reverse()) {
      const size = Buffer.byteLength(event.message)
      full = page.length >= query.limit || (page.length > 0 && bytes + size > query.maxBytes)
      if (full) break
      page.push(event)
      bytes += size
    }
    if (full) break
  }
  if (!forward) page.reverse()
  const first = page[0]?.sequence ?? from
  const last = page.at(-1)
  const after = last ? last.sequence + 1 : from
  // What was looked through to the end without a match is passed over for good: no later event can lie before it.
  if (forward) return { events: page, previous: first, next: full ? after : end }
  return { events: page, previous: full ? first : 0, next: after }
}

function blocksOf(index: StreamIndex, low: number, high: number, forward: boolean, size: number) {
  if (low >= high) return []
  const first = blockAt(index, low)
  const chosen = index.blocks
    .slice(first, blockAt(index, high - 1) + 1)
    .map((block, i) => ({ block, until: index.blocks[first + i + 1]?.offset ?? size }))
  return forward ? chosen : chosen.reverse()
}

function overlaps(block: Pick<Block, 'minTime' | 'maxTime'>, { startTime, endTime }: LogRead): boolean {
  if (startTime && block.maxTime < startTime.getTime()) return false
  return !endTime || block.minTime < endTime.getTime()
}

function readBlock(bytes: Buffer, first: number, low: number, high: number, query: LogRead): StoredLogEvent[] {
  const { startTime, endTime } = query
  const events: StoredLogEvent[] = []
  for (let at = 0, sequence = first; at < bytes.length; ) {
    const frame = decodeFrame(bytes.subarray(at))
    if (frame === 'damaged' || 'needs' in frame)
      throw new Error(`A log file is damaged: no whole frame where event ${sequence} is to be`)
    if (overlaps(frame, query))
      for (const event of eventsOf(frame, sequence, low, high))
        if ((!startTime || event.timestamp >= startTime) && (!endTime || event.timestamp < endTime)) events.push(event)
    at += frame.length
    sequence += frame.events
  }
  return events
}
