import { crc32 } from 'node:zlib'
import type { LogEvent, StoredLogEvent } from '@sagebrush/core'

/**
 * A stream's file is a row of frames, little-endian. The first holds what the stream is, each other one batch:
 *
 *     0 u32 bytes of the payload          24 f64 least timestamp, epoch ms
 *     4 u32 CRC-32 of all that follows    32 f64 greatest timestamp
 *     8 u32 kind                          40 f64 when it was taken in
 *    12 u32 events                        48 source cursor, then for each event
 *    16 u32 bytes of the messages            f64 timestamp, u32 bytes, message
 *    20 u32 bytes of the source cursor, or noCursor
 */
export const frameBytes = 48

const noCursor = 0xffffffff
const eventBytes = 12
const kinds = { stream: 0, batch: 1 } as const

export interface Frame {
  readonly kind: 'stream' | 'batch'
  /** Whole length in the file. */
  readonly length: number
  readonly events: number
  readonly messageBytes: number
  readonly minTime: number
  readonly maxTime: number
  readonly ingested: number
  readonly payload: Buffer
  readonly cursorBytes: number | undefined
}

export function encodeBatch(events: readonly LogEvent[], ingested: Date, sourceCursor: string | undefined): Buffer {
  const cursor = Buffer.from(sourceCursor ?? '')
  const sizes = events.map(({ message }) => Buffer.byteLength(message))
  const messageBytes = sizes.reduce((sum, size) => sum + size, 0)
  const frame = Buffer.allocUnsafe(frameBytes + cursor.length + events.length * eventBytes + messageBytes)
  cursor.copy(frame, frameBytes)
  let at = frameBytes + cursor.length
  let minTime = Number.POSITIVE_INFINITY
  let maxTime = Number.NEGATIVE_INFINITY
  for (const [i, { timestamp, message }] of events.entries()) {
    const time = timestamp.getTime()
    if (Number.isNaN(time)) throw new TypeError(`The timestamp of event ${i} is an invalid Date`)
    minTime = Math.min(minTime, time)
    maxTime = Math.max(maxTime, time)
    frame.writeDoubleLE(time, at)
    frame.writeUInt32LE(sizes[i] ?? 0, at + 8)
    frame.write(message, at + eventBytes)
    at += eventBytes + (sizes[i] ?? 0)
  }
  frame.writeUInt32LE(kinds.batch, 8)
  frame.writeUInt32LE(events.length, 12)
  frame.writeUInt32LE(messageBytes, 16)
  frame.writeUInt32LE(sourceCursor === undefined ? noCursor : cursor.length, 20)
  frame.writeDoubleLE(minTime, 24)
  frame.writeDoubleLE(maxTime, 32)
  frame.writeDoubleLE(ingested.getTime(), 40)
  return sealed(frame)
}

/** The first frame of a file. */
export function encodeStream(json: string): Buffer {
  const payload = Buffer.from(json)
  const frame = Buffer.alloc(frameBytes + payload.length)
  payload.copy(frame, frameBytes)
  frame.writeUInt32LE(kinds.stream, 8)
  frame.writeUInt32LE(noCursor, 20)
  return sealed(frame)
}

function sealed(frame: Buffer): Buffer {
  frame.writeUInt32LE(frame.length - frameBytes, 0)
  frame.writeUInt32LE(crc32(frame.subarray(8)), 4)
  return frame
}

/** The frame at the start of the bytes; the length it needs where they are too few; `damaged` where it is none. */
export function decodeFrame(bytes: Buffer): Frame | { readonly needs: number } | 'damaged' {
  if (bytes.length < frameBytes) return { needs: frameBytes }
  const length = frameBytes + bytes.readUInt32LE(0)
  const kind = bytes.readUInt32LE(8)
  if (kind !== kinds.stream && kind !== kinds.batch) return 'damaged'
  if (bytes.length < length) return { needs: length }
  if (crc32(bytes.subarray(8, length)) !== bytes.readUInt32LE(4)) return 'damaged'
  const cursorBytes = bytes.readUInt32LE(20)
  return {
    kind: kind === kinds.stream ? 'stream' : 'batch',
    length,
    events: bytes.readUInt32LE(12),
    messageBytes: bytes.readUInt32LE(16),
    minTime: bytes.readDoubleLE(24),
    maxTime: bytes.readDoubleLE(32),
    ingested: bytes.readDoubleLE(40),
    payload: bytes.subarray(frameBytes, length),
    cursorBytes: cursorBytes === noCursor ? undefined : cursorBytes,
  }
}

export function sourceCursorOf({ payload, cursorBytes }: Frame): string | undefined {
  return cursorBytes === undefined ? undefined : payload.toString('utf8', 0, cursorBytes)
}

/** The frame's events whose sequences are within [from, to), as they stand. */
export function* eventsOf(frame: Frame, first: number, from: number, to: number): Iterable<StoredLogEvent> {
  const ingested = new Date(frame.ingested)
  let at = frame.cursorBytes ?? 0
  for (let sequence = first; sequence < Math.min(first + frame.events, to); sequence++) {
    const size = frame.payload.readUInt32LE(at + 8)
    const start = at + eventBytes
    if (sequence >= from) {
      const timestamp = new Date(frame.payload.readDoubleLE(at))
      yield { timestamp, message: frame.payload.toString('utf8', start, start + size), ingested, sequence }
    }
    at = start + size
  }
}
