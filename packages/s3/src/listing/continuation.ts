import { invalidArgument } from '../request-errors.ts'

/** A continuation token names where the page before ended; clients may not look inside. */
export function writeToken(last: string): string {
  return Buffer.from(`1${last}`).toString('base64url')
}

export function readToken(token: string): string {
  const bytes = Buffer.from(token, 'base64url')
  const text = bytes.toString()
  // Decoding drops what is no base64url and mends what is no UTF-8: only an exact round trip is a token of ours.
  if (!text.startsWith('1') || writeToken(text.slice(1)) !== token) {
    throw invalidArgument('The continuation token provided is incorrect', 'continuation-token', token)
  }
  return text.slice(1)
}
