import { timingSafeEqual } from 'node:crypto'

/** Compares in a time that does not tell where two texts differ. */
export function sameText(a: string, b: string): boolean {
  const left = Buffer.from(a, 'latin1')
  const right = Buffer.from(b, 'latin1')
  return left.length === right.length && timingSafeEqual(left, right)
}
