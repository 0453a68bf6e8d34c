import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { BlobMissing } from '@sagebrush/core'

const timeDigits = 9
const randomDigits = 16
const pattern = new RegExp(`^[a-z0-9]{${timeDigits + randomDigits}}$`)

/** 36^4 ms: for this long all new blobs share a folder. */
export const windowMs = 36 ** 4

/** An id that sorts by time and is never given twice: milliseconds and 80 random bits, in base 36. */
export function newBlobId(): string {
  const random = BigInt(`0x${randomBytes(10).toString('hex')}`).toString(36)
  return Date.now().toString(36).padStart(timeDigits, '0') + random.padStart(randomDigits, '0')
}

export function isBlobId(text: string): boolean {
  return pattern.test(text)
}

/**
 * Folders by time, not by hash: writers of one moment share a folder, and so one fsync of it, and making a folder,
 * which costs three, is rare.
 */
export function blobFolder(root: string, id: string): string {
  return join(root, id.slice(0, 3), id.slice(3, 5))
}

export function blobPath(root: string, id: string): string {
  if (!isBlobId(id)) throw new BlobMissing(`"${id}" is not the id of a blob`)
  return join(blobFolder(root, id), id)
}

/** When the last blob of the id's folder may have been made, in epoch milliseconds. */
export function folderEnd(id: string): number {
  return Number.parseInt(id.slice(0, 5), 36) * windowMs + windowMs
}
