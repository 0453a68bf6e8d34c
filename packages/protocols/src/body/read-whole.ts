import type { IncomingMessage } from 'node:http'

export class BodyTooLarge extends Error {
  override readonly name = 'BodyTooLarge'
}

/** The connection ended before the body did. */
export class BodyTruncated extends Error {
  override readonly name = 'BodyTruncated'
}

/** Reads a body into memory. Throws `BodyTooLarge` as soon as that is known, `BodyTruncated` where the client goes away. */
export function readWhole(message: IncomingMessage, limitBytes: number): Promise<Uint8Array> {
  const declared = Number(message.headers['content-length'] ?? Number.NaN)
  if (declared > limitBytes) return Promise.reject(new BodyTooLarge())
  if (declared === 0) return Promise.resolve(new Uint8Array(0))
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = []
    let length = 0
    message.on('data', (part: Buffer) => {
      length += part.length
      if (length > limitBytes) {
        message.removeAllListeners('data').resume()
        reject(new BodyTooLarge())
      } else parts.push(part)
    })
    message.once('end', () => resolve(parts.length === 1 && parts[0] ? parts[0] : Buffer.concat(parts, length)))
    message.once('error', () => reject(new BodyTruncated()))
    message.once('close', () => {
      if (!message.readableEnded) reject(new BodyTruncated())
    })
  })
}
