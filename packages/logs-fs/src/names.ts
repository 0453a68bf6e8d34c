import { createHash } from 'node:crypto'

/**
 * A file name for any group's or stream's name: what can be read of it, for people, and its hash, which alone tells
 * names apart. The name itself stands inside the file.
 */
export function fileNameOf(name: string): string {
  const readable = name.replaceAll(/[^A-Za-z0-9_-]+/g, '-').slice(-60)
  return `${readable}.${createHash('sha256').update(name).digest('hex').slice(0, 32)}`
}

/** The order of the names' UTF-8 bytes. */
export function compareNames(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}
