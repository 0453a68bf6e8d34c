import type { TaskLogLine } from '@sagebrush/core'
import { LOG_START, type LogPlace, LogPosition } from './log-place.ts'

export interface PlacedLine extends TaskLogLine {
  readonly place: LogPlace
}

/** A line of more is cut: so much may a task make the server keep at once. */
const MOST_LINE_BYTES = 256 * 1024
/** So much may wait for the end of a line on the other stream; then that line is told in parts. */
const MOST_HELD_BYTES = 2 * 1024 * 1024
/** What a line takes beside its text. */
const LINE_OVERHEAD_BYTES = 200

/** So much does keeping it take. */
export function sizeOf({ message }: TaskLogLine): number {
  return message.length + LINE_OVERHEAD_BYTES
}

/**
 * Turns the engine's frames into lines. What a program writes without a line feed comes in parts of 16 KiB; they are
 * joined, and lines that come from the other stream meanwhile wait: a place never lies within a line.
 */
export class LogFrames {
  #rest: Buffer = Buffer.alloc(0)
  readonly #position: LogPosition
  readonly #open = new Map<number, { text: Buffer[]; bytes: number }>()
  #held: PlacedLine[] = []
  #heldBytes = 0

  /** `place`: where the reading goes on; the engine is asked for everything from its time on. */
  constructor(place: LogPlace = LOG_START) {
    this.#position = new LogPosition(place)
  }

  /** The time of the last frame, of those that were taken before too; empty before the first. */
  get at(): string {
    return this.#position.at
  }

  /** Lines that are complete with these bytes, in order. */
  take(bytes: Buffer): readonly PlacedLine[] {
    this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes])
    let at = 0
    while (this.#rest.length - at >= 8) {
      const size = this.#rest.readUInt32BE(at + 4)
      if (this.#rest.length - at < 8 + size) break
      this.#frame(this.#rest[at] ?? 1, this.#rest.subarray(at + 8, at + 8 + size))
      at += 8 + size
    }
    this.#rest = this.#rest.subarray(at)
    if (this.#heldBytes > MOST_HELD_BYTES) return this.end()
    return this.#open.size === 0 ? this.#release() : []
  }

  /** The last line, where the program ended without a line feed. */
  end(): readonly PlacedLine[] {
    for (const stream of [...this.#open.keys()]) this.#close(stream)
    return this.#release()
  }

  #release(): readonly PlacedLine[] {
    const lines = this.#held
    this.#held = []
    this.#heldBytes = 0
    return lines
  }

  #frame(stream: number, frame: Buffer): void {
    const space = frame.indexOf(32)
    const at = placeTime(frame.toString('latin1', 0, space))
    const whole = frame.at(-1) === 10
    if (!this.#position.pass(at, stream, whole)) return
    const text = Buffer.from(frame.subarray(space + 1, whole ? frame.length - 1 : frame.length))
    const open = this.#open.get(stream) ?? { text: [], bytes: 0 }
    if (open.bytes < MOST_LINE_BYTES) open.text.push(text)
    open.bytes += text.length
    this.#open.set(stream, open)
    if (whole) this.#close(stream)
  }

  #close(stream: number): void {
    const open = this.#open.get(stream)
    if (!open) return
    this.#open.delete(stream)
    const text = Buffer.concat(open.text).subarray(0, MOST_LINE_BYTES).toString('utf8')
    const timestamp = dateOf(this.#position.at)
    // A carriage return before the line feed is the terminal's, not the line's.
    const line = { timestamp, message: text.replace(/\r$/, ''), place: this.#position.place }
    this.#held.push(line)
    this.#heldBytes += sizeOf(line)
  }
}

/** `2026-01-02T03:04:05.678901234Z` → `1767323045.678901234`. */
function placeTime(text: string): string {
  const [, seconds = '', fraction = ''] = /^([^.Z+]+)(?:\.(\d+))?/.exec(text) ?? []
  const zone = /[+-]\d\d:\d\d$/.exec(text)?.[0] ?? 'Z'
  return `${Date.parse(`${seconds}${zone}`) / 1000}.${fraction.padEnd(9, '0')}`
}

function dateOf(at: string): Date {
  const [seconds = '0', nanoseconds = '0'] = at.split('.')
  return new Date(Number(seconds) * 1000 + Math.floor(Number(nanoseconds) / 1e6))
}
