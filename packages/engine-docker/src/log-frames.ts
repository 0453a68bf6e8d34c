import type { TaskLogLine } from '@sagebrush/core'

/** A place in a container's log: the time of the last line that was taken, and how many lines of that time were. */
export interface LogPlace {
  /** `seconds.nanoseconds`, as the engine takes it; empty before the first line. */
  readonly at: string
  readonly taken: number
}

export const LOG_START: LogPlace = { at: '', taken: 0 }

export interface PlacedLine extends TaskLogLine {
  readonly place: LogPlace
}

/** A line of more is cut: so much may a task make the server keep at once. */
const MOST_LINE_BYTES = 256 * 1024

/** `<seconds>.<nanoseconds>/<taken>`; undefined where it is none of ours. */
export function parsePlace(cursor: string): LogPlace | undefined {
  const [, at = '', taken] = /^(\d+\.\d{9})?\/(\d+)$/.exec(cursor) ?? []
  return taken === undefined ? undefined : { at, taken: Number(taken) }
}

export function formatPlace({ at, taken }: LogPlace): string {
  return `${at}/${taken}`
}

/**
 * Turns the engine's frames into lines. What a program writes without a line feed comes in parts of 16 KiB; they are
 * joined, and lines that come from the other stream meanwhile wait: a place never lies within a line.
 */
export class LogFrames {
  #rest: Buffer = Buffer.alloc(0)
  #place: LogPlace
  /** Frames of the place's own time that were taken before: the engine gives them again. */
  #again: number
  readonly #open = new Map<number, { text: Buffer[]; bytes: number }>()
  #held: PlacedLine[] = []

  /** `place`: where the reading goes on; the engine is asked for everything from its time on. */
  constructor(place: LogPlace) {
    this.#place = place
    this.#again = place.taken
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
    return lines
  }

  #frame(stream: number, frame: Buffer): void {
    const space = frame.indexOf(32)
    const at = placeTime(frame.toString('latin1', 0, space))
    if (at === this.#place.at && this.#again > 0) {
      this.#again--
      return
    }
    this.#place = { at, taken: at === this.#place.at ? this.#place.taken + 1 : 1 }
    const whole = frame.at(-1) === 10
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
    // A carriage return before the line feed is the terminal's, not the line's.
    const timestamp = dateOf(this.#place.at)
    this.#held.push({ timestamp, message: text.replace(/\r$/, ''), place: this.#place })
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
