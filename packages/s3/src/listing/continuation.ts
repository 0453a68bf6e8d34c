import { invalidArgument } from '../request-errors.ts'

/** Before a digit it would be JSON, and botocore's paginators take JSON in Base64 for a token of their own. */
const MARK = '~'

/** A continuation token names where the page before ended; clients may not look inside. */
export function writeToken(last: string): string {
  return Buffer.from(MARK + last).toString('base64url')
}

export function readToken(token: string): string {
  const bytes = Buffer.from(token, 'base64url')
  const text = bytes.toString()
  // Decoding drops what is no base64url and mends what is no UTF-8: only an exact round trip is a token of ours.
  const last = text.slice(MARK.length)
  if (!text.startsWith(MARK) || writeToken(last) !== token) {
    throw invalidArgument('The continuation token provided is incorrect', 'continuation-token', token)
  }
  return last
}
