import { createReadStream, createWriteStream } from 'node:fs'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { constants, createGunzip, createGzip } from 'node:zlib'

const BLOCK = 512

/** One member of an archive. `content` must be read to its end before the next member is asked for. */
interface Member {
  readonly header: Buffer
  readonly type: string
  readonly sizeBytes: number
  /** The member's blocks after the header, padding included. */
  blocks(): AsyncGenerator<Buffer>
}

/** A regular file of an archive. */
export interface ArchivedFile {
  /** Relative, without `./`. */
  readonly name: string
  content(): AsyncGenerator<Buffer>
}

/** False for a name that leads out of the folder that it is to be in. */
export function isInside(name: string): boolean {
  return !name.startsWith('/') && !name.split('/').includes('..')
}

/** Writes one .tar.gz with the members of several, in order: what a job's hosts left, as AWS joins it. */
export async function mergeArchives(files: readonly string[], target: string): Promise<void> {
  await pipeline(
    async function* () {
      for (const file of files) {
        for await (const member of members(file)) {
          yield member.header
          yield* member.blocks()
        }
      }
      yield Buffer.alloc(2 * BLOCK)
    },
    createGzip({ level: constants.Z_BEST_SPEED }),
    createWriteStream(target),
  )
}

/** The regular files of a .tar.gz, with the long names of the GNU and pax forms. */
export async function* archivedFiles(file: string): AsyncGenerator<ArchivedFile> {
  let longName: string | undefined
  for await (const member of members(file)) {
    if (member.type === 'L' || member.type === 'x') {
      const text = (await collect(member)).toString()
      longName = member.type === 'L' ? text.replace(/\0.*$/s, '') : (paxPath(text) ?? longName)
      continue
    }
    const name = longName ?? ustarName(member.header)
    longName = undefined
    if (member.type === '0' || member.type === '\0') {
      yield { name: name.replace(/^(\.\/)+/, ''), content: () => trimmed(member) }
    } else await collect(member)
  }
}

async function* members(file: string): AsyncGenerator<Member> {
  const source = createReadStream(file).pipe(createGunzip())
  const blocks = new Blocks(source)
  try {
    for (;;) {
      const header = await blocks.take(BLOCK)
      if (!header || header.every((byte) => byte === 0)) return
      const sizeBytes = sizeOf(header)
      let left = Math.ceil(sizeBytes / BLOCK) * BLOCK
      const member: Member = {
        header,
        type: String.fromCharCode(header[156] ?? 0),
        sizeBytes,
        blocks: async function* () {
          while (left > 0) {
            const chunk = await blocks.some(left)
            if (!chunk) throw new Error(`${file} ends in the middle of a member`)
            left -= chunk.length
            yield chunk
          }
        },
      }
      yield member
      // Whatever its reader left is passed over.
      for await (const _rest of member.blocks());
    }
  } finally {
    source.destroy()
  }
}

/** A stream of bytes, taken in the sizes that its reader wants. */
class Blocks {
  readonly #chunks: AsyncIterator<Buffer>
  #rest: Buffer = Buffer.alloc(0)

  constructor(source: Readable) {
    this.#chunks = source[Symbol.asyncIterator]()
  }

  /** Between 1 and `most` bytes; undefined at the end. */
  async some(most: number): Promise<Buffer | undefined> {
    if (this.#rest.length === 0) {
      const next = await this.#chunks.next()
      if (next.done) return undefined
      this.#rest = next.value
    }
    const chunk = this.#rest.subarray(0, most)
    this.#rest = this.#rest.subarray(chunk.length)
    return chunk
  }

  /** Exactly `size` bytes; undefined where fewer are left. */
  async take(size: number): Promise<Buffer | undefined> {
    const parts: Buffer[] = []
    for (let missing = size; missing > 0; ) {
      const part = await this.some(missing)
      if (!part) return undefined
      parts.push(part)
      missing -= part.length
    }
    return Buffer.concat(parts)
  }
}

async function collect(member: Member): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const chunk of trimmed(member)) parts.push(chunk)
  return Buffer.concat(parts)
}

async function* trimmed(member: Member): AsyncGenerator<Buffer> {
  let left = member.sizeBytes
  for await (const chunk of member.blocks()) {
    const part = chunk.subarray(0, left)
    left -= part.length
    if (part.length > 0) yield part
  }
}

function sizeOf(header: Buffer): number {
  const field = header.subarray(124, 136)
  // Sizes of 8 GiB and more: base 256, marked by the first bit.
  if (((field[0] ?? 0) & 0x80) !== 0) return Number(field.readBigUInt64BE(4))
  return Number.parseInt(field.toString('latin1').replace(/[\0 ].*$/s, '') || '0', 8)
}

function text(field: Buffer): string {
  const end = field.indexOf(0)
  return field.subarray(0, end < 0 ? field.length : end).toString()
}

function ustarName(header: Buffer): string {
  const name = text(header.subarray(0, 100))
  const prefix =
    header.toString('latin1', 257, 262) === 'ustar' && header[263] === 0x30 ? text(header.subarray(345, 500)) : ''
  return prefix ? `${prefix}/${name}` : name
}

function paxPath(records: string): string | undefined {
  return /(?:^|\n)\d+ path=(.*)\n/.exec(records)?.[1]
}
