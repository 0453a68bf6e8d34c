import { BodyTruncated } from './read-whole.ts'

const nothing: Buffer = Buffer.alloc(0)

/** Reads a stream by lines and by counts. What it was given and has not passed on is one chunk at most. */
export class ByteReader {
  readonly #source: AsyncIterator<Uint8Array>
  #rest: Buffer = nothing

  constructor(source: AsyncIterator<Uint8Array>) {
    this.#source = source
  }

  /** Up to `limit` bytes, at least one. Throws `BodyTruncated` at the end. */
  async some(limit: number): Promise<Buffer> {
    while (this.#rest.length === 0) this.#rest = await this.#next()
    const taken = this.#rest.subarray(0, limit)
    // Whoever reads may give the memory of `taken` back: nothing that is read later may lie in it.
    this.#rest = taken.length === this.#rest.length ? nothing : this.#rest.subarray(taken.length)
    return taken
  }

  /** A line without its CRLF; undefined where none ends within `limit` bytes. */
  async line(limit: number): Promise<string | undefined> {
    for (;;) {
      const end = this.#rest.indexOf('\r\n')
      if (end >= 0 && end <= limit) {
        const text = this.#rest.toString('latin1', 0, end)
        this.#rest = this.#rest.subarray(end + 2)
        return text
      }
      if (end > limit || this.#rest.length > limit + 1) return undefined
      this.#rest = Buffer.concat([this.#rest, await this.#next()])
    }
  }

  /** Gives back what was read too far. */
  putBack(bytes: Buffer): void {
    this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([bytes, this.#rest])
  }

  /** True where nothing is left. */
  async atEnd(): Promise<boolean> {
    if (this.#rest.length > 0) return false
    const { done, value } = await this.#source.next()
    if (!done) this.#rest = toBuffer(value)
    return done ?? false
  }

  async #next(): Promise<Buffer> {
    const { done, value } = await this.#source.next()
    if (done) throw new BodyTruncated()
    return toBuffer(value)
  }
}

function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
