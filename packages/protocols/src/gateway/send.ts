import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { AnsweredFailure } from '../wire/answered-failure.ts'
import type { Answer } from '../wire/protocol.ts'

/** Writes an answer whole, or part by part no faster than the client takes it. Resolves when the last byte is handed over. */
export async function send(response: ServerResponse, answer: Answer, isHead: boolean): Promise<void> {
  const { body } = answer
  if (response.destroyed) {
    if (body instanceof Readable) body.destroy()
    return
  }
  if (body === undefined || typeof body === 'string' || body instanceof Uint8Array) {
    sendWhole(response, answer, body ?? '', isHead)
    return
  }
  response.writeHead(answer.status, answer.headers)
  if (isHead) {
    response.end()
    if (body instanceof Readable) body.destroy()
    return
  }
  // A client of an event stream waits for the head; one of a file can take it with the first bytes.
  if (!hasHeader(answer.headers, 'content-length')) response.flushHeaders()
  if (body instanceof Readable) await sendReadable(response, body)
  else await sendParts(response, body)
}

async function sendReadable(response: ServerResponse, body: Readable): Promise<void> {
  try {
    await pipeline(body, response)
  } catch (error) {
    // The client may leave when it likes; what went wrong on our side is thrown.
    if (body.errored && body.errored === error && !isGoneClient(error)) throw error
  }
}

function isGoneClient(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE'
}

async function sendParts(response: ServerResponse, body: AsyncIterable<Uint8Array>): Promise<void> {
  const iterator = body[Symbol.asyncIterator]()
  // A client that goes away must end the source even while we wait for its next part.
  // What it throws in ending, the pending `next` throws too.
  const onClose = () => void iterator.return?.()?.catch(() => undefined)
  response.once('close', onClose)
  try {
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) {
      if (response.destroyed) return
      if (!response.write(next.value)) await drained(response)
    }
    response.end()
  } catch (error) {
    if (error instanceof AnsweredFailure) {
      response.end()
      throw error.cause
    }
    if (response.destroyed) return
    // The status is out. Cutting the connection is the only way left to say that the bytes are not all.
    response.destroy()
    throw error
  } finally {
    response.off('close', onClose)
    await iterator.return?.()
  }
}

function sendWhole(response: ServerResponse, answer: Answer, body: string | Uint8Array, isHead: boolean): void {
  const hasNone = answer.status === 204 || answer.status === 304
  if (!hasNone && !hasHeader(answer.headers, 'content-length')) {
    answer.headers['Content-Length'] = String(typeof body === 'string' ? Buffer.byteLength(body) : body.length)
  }
  response.writeHead(answer.status, answer.headers)
  response.end(isHead || hasNone ? undefined : body)
}

function hasHeader(headers: Readonly<Record<string, string>>, name: string): boolean {
  for (const key in headers) if (key.length === name.length && key.toLowerCase() === name) return true
  return false
}

function drained(response: ServerResponse): Promise<void> {
  if (response.destroyed) return Promise.resolve()
  return new Promise((resolve) => {
    const finish = () => {
      response.off('drain', finish)
      response.off('close', finish)
      resolve()
    }
    response.once('drain', finish)
    response.once('close', finish)
  })
}
