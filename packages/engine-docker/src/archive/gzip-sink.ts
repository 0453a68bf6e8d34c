import { createHash } from 'node:crypto'
import { Transform, type TransformCallback } from 'node:stream'
import { constants, crc32, deflateRawSync } from 'node:zlib'

const PIECE_BYTES = 1024 * 1024
const SAMPLE_BYTES = 16 * 1024

/**
 * Gzip in pieces of 1 MiB, each deflated at level 1 or, where that saves less than a tenth, stored: trained weights
 * hardly shrink, and storing takes a fourth of the time. One member, size and MD5 taken on the way. For a thread that
 * may be busy.
 */
export class GzipSink extends Transform {
  readonly #md5 = createHash('md5')
  #waiting: Buffer[] = []
  #waitingBytes = 0
  #crc = 0
  #length = 0
  sizeBytes = 0

  constructor() {
    super()
    this.#put(Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 255]))
  }

  /** Lower-case hexadecimal; after the end. */
  digest(): string {
    return this.#md5.digest('hex')
  }

  override _transform(chunk: Buffer, _: BufferEncoding, done: TransformCallback): void {
    this.#waiting.push(chunk)
    this.#waitingBytes += chunk.length
    if (this.#waitingBytes >= PIECE_BYTES) this.#pack()
    done()
  }

  override _flush(done: TransformCallback): void {
    this.#pack()
    const tail = Buffer.alloc(10)
    tail.set([3, 0]) // an empty last block
    tail.writeUInt32LE(this.#crc, 2)
    tail.writeUInt32LE(this.#length % 2 ** 32, 6)
    this.#put(tail)
    done()
  }

  #pack(): void {
    if (this.#waitingBytes === 0) return
    const data = Buffer.concat(this.#waiting)
    this.#waiting = []
    this.#waitingBytes = 0
    const middle = Math.floor(data.length / 2)
    const sample = data.subarray(middle, middle + SAMPLE_BYTES)
    const shrinks = deflateRawSync(sample, { level: 1 }).length < sample.length * 0.9
    // A full flush ends at a byte and looks back at nothing, so pieces of any level follow each other.
    const piece = { level: shrinks ? 1 : 0, finishFlush: constants.Z_FULL_FLUSH }
    this.#put(deflateRawSync(data, piece))
    this.#crc = crc32(data, this.#crc)
    this.#length += data.length
  }

  #put(bytes: Buffer): void {
    this.#md5.update(bytes)
    this.sizeBytes += bytes.length
    this.push(bytes)
  }
}
