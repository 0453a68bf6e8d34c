import type { ServerResponse } from 'node:http'
import type { Answer } from '../wire/protocol.ts'

/** Writes an answer whole, or part by part no faster than the client takes it. Resolves when the last byte is handed over. */
export async function send(response: ServerResponse, answer: Answer, isHead: boolean): Promise<void> {
  const { body } = answer
  if (body === undefined || typeof body === 'string' || body instanceof Uint8Array) {
    sendWhole(response, answer, body ?? '', isHead)
    return
  }
  response.writeHead(answer.status, answer.headers)
  const iterator = body[Symbol.asyncIterator]()
  if (isHead) {
    await iterator.return?.()
    response.end()
    return
  }
  // The head goes out before the first part is there: an event stream's client waits for it.
  response.flushHeaders()
  // A client that goes away must end the source even while we wait for its next part.
  const onClose = () => void iterator.return?.()
  response.once('close', onClose)
  try {
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) {
      if (response.destroyed) break
      if (!response.write(next.value)) await drained(response)
    }
    response.end()
  } catch (error) {
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
