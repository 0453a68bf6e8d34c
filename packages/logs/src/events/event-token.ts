import { invalidToken } from '../errors.ts'

/** Where in a stream a page begins (`forward`: this event first) or ends (`backward`: the event before this last). */
export interface EventPlace {
  readonly direction: 'forward' | 'backward'
  readonly sequence: number
}

/** `f/` or `b/` and 56 digits. A stream only grows, so a place stays what it is for ever: no token expires. */
export function writeEventToken({ direction, sequence }: EventPlace): string {
  return `${direction === 'forward' ? 'f' : 'b'}/${String(sequence).padStart(56, '0')}`
}

export function readEventToken(token: string): EventPlace {
  const [, letter, digits = ''] = /^([fb])\/(\d{56})$/.exec(token) ?? []
  const sequence = Number(digits)
  if (letter === undefined || !Number.isSafeInteger(sequence)) throw invalidToken()
  return { direction: letter === 'f' ? 'forward' : 'backward', sequence }
}
