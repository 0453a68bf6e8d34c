import { ApiError } from '@sagebrush/core'
import { ByteReader } from '../body/byte-reader.ts'

export interface UploadForm {
  /** Names in lower case, for S3 takes them in any. Fields after the file are not read. */
  readonly fields: ReadonlyMap<string, string>
  readonly fileName: string
  /** Can be read once. */
  readonly content: AsyncIterable<Uint8Array>
}

/** What S3 allows before the file. */
const FIELDS_LIMIT = 20_000
const LINE_LIMIT = 8192

/** Reads a form up to the bytes of its `file` field, which stay on the wire. */
export async function readUploadForm(source: AsyncIterator<Uint8Array>, contentType: string): Promise<UploadForm> {
  const boundary = /boundary=(?:"([^"]{1,70})"|([^;\s]{1,70}))/i.exec(contentType)
  if (!boundary) throw malformedForm('its Content-Type names no boundary')
  const delimiter = Buffer.from(`\r\n--${boundary[1] ?? boundary[2]}`, 'latin1')
  const reader = new ByteReader(source)
  if ((await reader.line(LINE_LIMIT)) !== delimiter.toString('latin1', 2)) {
    throw malformedForm('it does not begin with its boundary')
  }
  const fields = new Map<string, string>()
  let total = 0
  for (;;) {
    const { name, fileName } = await readPartHead(reader)
    if (name === 'file') return { fields, fileName, content: untilDelimiter(reader, delimiter) }
    const value: Uint8Array[] = []
    for await (const part of untilDelimiter(reader, delimiter)) {
      total += part.length
      if (total > FIELDS_LIMIT) {
        throw new ApiError(
          'MaxPostPreDataLengthExceeded',
          'Your POST request fields preceding the upload file were too large.',
        )
      }
      value.push(Buffer.from(part))
    }
    if (!fields.has(name)) fields.set(name, Buffer.concat(value).toString('utf8'))
    if ((await reader.line(LINE_LIMIT)) !== '') {
      throw new ApiError('InvalidArgument', 'POST requires exactly one file upload per request.', {
        members: { ArgumentName: 'file', ArgumentValue: 0 },
      })
    }
  }
}

async function readPartHead(reader: ByteReader): Promise<{ name: string; fileName: string }> {
  let name: string | undefined
  let fileName = ''
  for (;;) {
    const line = await reader.line(LINE_LIMIT)
    if (line === undefined) throw malformedForm('a part has no head')
    if (line === '') break
    if (!/^content-disposition\s*:/i.test(line)) continue
    const text = Buffer.from(line, 'latin1').toString('utf8')
    name = /[;\s]name="([^"]*)"/i.exec(text)?.[1] ?? /[;\s]name=([^;\s"]+)/i.exec(text)?.[1]
    fileName = /[;\s]filename="([^"]*)"/i.exec(text)?.[1] ?? ''
  }
  if (name === undefined) throw malformedForm('a part has no name')
  return {
    name: name.toLowerCase(),
    fileName: fileName.slice(Math.max(fileName.lastIndexOf('/'), fileName.lastIndexOf('\\')) + 1),
  }
}

/** The bytes up to a delimiter, which is taken too. */
async function* untilDelimiter(reader: ByteReader, delimiter: Buffer): AsyncGenerator<Uint8Array, void> {
  let held: Buffer = Buffer.alloc(0)
  for (;;) {
    const at = held.indexOf(delimiter)
    if (at >= 0) {
      if (at > 0) yield held.subarray(0, at)
      reader.putBack(held.subarray(at + delimiter.length))
      return
    }
    // The end of what is there may be the beginning of a delimiter.
    const sure = held.length - delimiter.length + 1
    if (sure > 0) {
      yield held.subarray(0, sure)
      held = held.subarray(sure)
    }
    held = Buffer.concat([held, await reader.some(Number.MAX_SAFE_INTEGER)])
  }
}

export function malformedForm(detail: string): ApiError {
  return new ApiError(
    'MalformedPOSTRequest',
    `The body of your POST request is not well-formed multipart/form-data: ${detail}.`,
  )
}
