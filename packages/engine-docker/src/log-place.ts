/**
 * A place in a container's log. The engine gives a log from a time on, and the times in a log are not in order: each
 * stream stamps its own frames, and every part of a long line bears the time of its first. So a place is a time some seconds
 * back, which no later frame will precede, and how many frames of that time or after it were taken.
 */
export interface LogPlace {
  /** `seconds.nanoseconds`, as the engine takes it; empty for the log's beginning. */
  readonly at: string
  readonly taken: number
}

export const LOG_START: LogPlace = { at: '', taken: 0 }

/** No frame is held to come later than this after one with a later time, by the log's own clock. */
const SETTLED_SECONDS = 2

/** `<seconds>.<nanoseconds>/<taken>`; undefined where it is none of ours. */
export function parsePlace(cursor: string): LogPlace | undefined {
  const [, at = '', taken] = /^(\d+\.\d{9})?\/(\d+)$/.exec(cursor) ?? []
  return taken === undefined ? undefined : { at, taken: Number(taken) }
}

export function formatPlace({ at, taken }: LogPlace): string {
  return `${at}/${taken}`
}

/** Where a reading of a log is, frame by frame. */
export class LogPosition {
  readonly #from: string
  /** Frames that were taken before: the engine gives them again. */
  #again: number
  #base: LogPlace
  /** What becomes the base once it lies far enough back. */
  #next: LogPlace | undefined
  /** The highest time, and how many frames have it. */
  #latest: LogPlace = LOG_START
  /** The time of the line that a stream has begun and not ended. */
  readonly #begun = new Map<number, string>()
  /** Time of the frame that was passed last. */
  at = ''

  constructor(place: LogPlace) {
    this.#from = place.at
    this.#base = { at: place.at, taken: 0 }
    this.#again = place.taken
  }

  get place(): LogPlace {
    return this.#base
  }

  /** Goes on by one frame. False for one that was taken before. `whole`: it ends its line. */
  pass(at: string, stream: number, whole: boolean): boolean {
    this.at = at
    // Newer engines give late ones too. None of them is new: the place was moved only once nothing could precede it.
    if (isBefore(at, this.#from)) return false
    if (whole) this.#begun.delete(stream)
    else if (!this.#begun.has(stream)) this.#begun.set(stream, at)
    this.#base = counted(this.#base, at)
    this.#latest = isBefore(this.#latest.at, at) ? { at, taken: 1 } : counted(this.#latest, at)
    this.#next = this.#next ? counted(this.#next, at) : this.#latest
    if (secondsOf(this.#latest.at) - secondsOf(this.#next.at) > SETTLED_SECONDS && this.#mayPass(this.#next.at)) {
      this.#base = this.#next
      this.#next = this.#latest
    }
    if (this.#again === 0) return true
    this.#again--
    return false
  }

  /** The later parts of a line bear the time of its first. */
  #mayPass(at: string): boolean {
    return [...this.#begun.values()].every((begun) => !isBefore(begun, at))
  }
}

function counted(place: LogPlace, at: string): LogPlace {
  return isBefore(at, place.at) ? place : { at: place.at, taken: place.taken + 1 }
}

/** Both as `seconds.nanoseconds`; the empty one precedes all. */
function isBefore(a: string, b: string): boolean {
  return a.length === b.length ? a < b : a.length < b.length
}

function secondsOf(at: string): number {
  return Number(at.slice(0, at.indexOf('.')))
}
