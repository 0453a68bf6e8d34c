import { randomBytes } from 'node:crypto'

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567'

/** `length` random characters of lower-case base 32, 5 bits each. */
export function randomId(length: number): string {
  let id = ''
  for (const byte of randomBytes(length)) id += ALPHABET[byte & 31]
  return id
}
