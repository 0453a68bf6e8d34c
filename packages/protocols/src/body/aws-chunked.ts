import { ApiError } from '@sagebrush/core'
import type { ChunkSignatures } from '../sigv4/chunk-signatures.ts'
import { refusal } from '../sigv4/refusals.ts'
import { ByteReader } from './byte-reader.ts'
import { malformedTrailer } from './claims.ts'

export interface ChunkedOptions {
  /** Absent where chunks are not signed. */
  readonly signatures: ChunkSignatures | undefined
  readonly hasTrailers: boolean
  /** Called once, after the last chunk. */
  readonly onTrailers: (trailers: ReadonlyMap<string, string>) => void
}

const HEAD_LIMIT = 1024
const TRAILER_LIMIT = 8192

/**
 * The payload inside S3's `aws-chunked` framing: `SIZE[;chunk-signature=…] CRLF bytes CRLF`, a chunk of size 0, then
 * trailers. Bytes are passed on before their chunk's signature is known: whoever reads must wait for the end.
 */
export async function* decodeChunks(
  source: AsyncIterator<Uint8Array>,
  options: ChunkedOptions,
): AsyncGenerator<Uint8Array, void> {
  const reader = new ByteReader(source)
  for (;;) {
    const { sizeBytes, signature } = parseHead(await reader.line(HEAD_LIMIT), options.signatures !== undefined)
    for (let left = sizeBytes; left > 0; ) {
      const bytes = await reader.some(left)
      left -= bytes.length
      options.signatures?.update(bytes)
      yield bytes
    }
    if (options.signatures && !options.signatures.endChunk(signature)) throw refusal('s3', 'mismatch', '')
    if (sizeBytes === 0) break
    if ((await reader.line(0)) !== '') throw malformedChunk()
  }
  await readTrailers(reader, options)
  if (!(await reader.atEnd())) throw malformedChunk()
}

function parseHead(line: string | undefined, signed: boolean): { sizeBytes: number; signature: string } {
  const [size = '', extension = ''] = line?.split(';', 2) ?? []
  if (!/^[0-9a-fA-F]{1,12}$/.test(size)) throw malformedChunk()
  const signature = extension.startsWith('chunk-signature=') ? extension.slice(16) : ''
  if (signed && signature === '') throw malformedChunk()
  return { sizeBytes: Number.parseInt(size, 16), signature }
}

async function readTrailers(
  reader: ByteReader,
  { signatures, hasTrailers, onTrailers }: ChunkedOptions,
): Promise<void> {
  const trailers = new Map<string, string>()
  let signedText = ''
  let signature: string | undefined
  let total = 0
  // Some clients leave out the empty line after the last chunk.
  while (!(await reader.atEnd())) {
    const line = await reader.line(TRAILER_LIMIT)
    if (line === undefined) throw malformedTrailer()
    if (line === '') break
    total += line.length
    const colon = line.indexOf(':')
    if (colon < 1 || total > TRAILER_LIMIT || !hasTrailers) throw malformedTrailer()
    const name = line.slice(0, colon).trim().toLowerCase()
    const value = line.slice(colon + 1).trim()
    if (name === 'x-amz-trailer-signature') signature = value
    else {
      if (signature !== undefined || trailers.has(name)) throw malformedTrailer()
      trailers.set(name, value)
      signedText += `${name}:${value}\n`
    }
  }
  if (signatures && hasTrailers && !signatures.endTrailers(signedText, signature ?? '')) {
    throw refusal('s3', 'mismatch', '')
  }
  onTrailers(trailers)
}

function malformedChunk(): ApiError {
  return new ApiError(
    'InvalidChunkSizeError',
    'The body is not in the aws-chunked form that its x-amz-content-sha256 header announces.',
  )
}
