import { crc32 } from 'node:zlib'

/** Header values of type string (7), which is all that answers use. */
const STRING = 7

/**
 * One message of `application/vnd.amazon.eventstream`: total length, length of the headers, CRC32 of these eight
 * bytes, headers, payload, CRC32 of all before.
 */
export function encodeMessage(headers: Readonly<Record<string, string>>, payload: Uint8Array): Buffer {
  const head = Buffer.concat(Object.entries(headers).map(([name, value]) => encodeHeader(name, value)))
  const total = 12 + head.length + payload.length + 4
  const out = Buffer.allocUnsafe(total)
  out.writeUInt32BE(total, 0)
  out.writeUInt32BE(head.length, 4)
  out.writeUInt32BE(crc32(out.subarray(0, 8)), 8)
  out.set(head, 12)
  out.set(payload, 12 + head.length)
  out.writeUInt32BE(crc32(out.subarray(0, total - 4)), total - 4)
  return out
}

function encodeHeader(name: string, value: string): Buffer {
  const text = Buffer.from(value, 'utf8')
  const out = Buffer.allocUnsafe(1 + name.length + 3 + text.length)
  out.writeUInt8(name.length, 0)
  out.write(name, 1, 'latin1')
  out.writeUInt8(STRING, 1 + name.length)
  out.writeUInt16BE(text.length, 2 + name.length)
  out.set(text, 4 + name.length)
  return out
}
