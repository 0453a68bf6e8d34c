import type { IncomingMessage } from 'node:http'

export interface Beginning {
  readonly bytes: Uint8Array
  /** Whether that is all of the body. */
  readonly isWhole: boolean
}

/**
 * The first `limitBytes` of a body, or what is there of it when `timeoutMs` are over or the client goes away. Nothing
 * of the rest is kept; whoever answers lets go of it.
 */
export function readBeginning(message: IncomingMessage, limitBytes: number, timeoutMs: number): Promise<Beginning> {
  return new Promise((resolve) => {
    const bytes = Buffer.alloc(limitBytes)
    let length = 0
    const finish = (isWhole: boolean) => {
      clearTimeout(timer)
      message.off('data', take).off('end', end).off('error', leave).off('close', leave)
      resolve({ bytes: bytes.subarray(0, length), isWhole })
    }
    const take = (part: Buffer) => {
      length += part.copy(bytes, length)
      if (part.length > 0 && length === limitBytes) finish(false)
    }
    const end = () => finish(true)
    const leave = () => finish(false)
    const timer = setTimeout(leave, timeoutMs)
    message.on('data', take).once('end', end).once('error', leave).once('close', leave)
  })
}
