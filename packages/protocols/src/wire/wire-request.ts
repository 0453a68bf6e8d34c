import type { IncomingMessage } from 'node:http'

/** A request's head as it came, before anything in it is believed. */
export interface WireRequest {
  readonly message: IncomingMessage
  readonly method: string
  /** Path as sent, still percent-encoded; each character is one byte. */
  readonly path: string
  /** Query as sent, without the question mark. */
  readonly query: string
  /**
   * Names in lower case; several values joined by a comma without a space, which is how signatures see them
   * (Node's own `headers` joins otherwise, and drops the second of some).
   */
  readonly headers: Readonly<Record<string, string>>
}

export function readHead(message: IncomingMessage): WireRequest {
  const target = originForm(message.url ?? '/')
  const mark = target.indexOf('?')
  return {
    message,
    method: message.method ?? 'GET',
    path: mark < 0 ? target : target.slice(0, mark),
    query: mark < 0 ? '' : target.slice(mark + 1),
    headers: hasRepeats(message) ? joinHeaders(message.rawHeaders) : (message.headers as Record<string, string>),
  }
}

/** Clients that speak to a proxy send the whole URL as the target. */
function originForm(target: string): string {
  if (target.startsWith('/')) return target
  const authority = target.indexOf('://')
  if (authority < 0) return '/'
  const path = target.indexOf('/', authority + 3)
  return path < 0 ? '/' : target.slice(path)
}

/** Without repeats, which is nearly always, what Node has parsed already is the same. */
function hasRepeats({ headers, rawHeaders }: IncomingMessage): boolean {
  let names = 0
  for (const _ in headers) names++
  return names * 2 !== rawHeaders.length || headers['set-cookie'] !== undefined
}

function joinHeaders(raw: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = Object.create(null)
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = (raw[i] ?? '').toLowerCase()
    const value = (raw[i + 1] ?? '').trim()
    const known = headers[name]
    headers[name] = known === undefined ? value : `${known},${value}`
  }
  return headers
}
