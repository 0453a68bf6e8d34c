import { type IncomingMessage, request } from 'node:http'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { groupJoinedLater } from './joined-later.ts'

/** Where a container engine listens: a Unix socket, or host and port. */
export type EngineAddress = { readonly socketPath: string } | { readonly host: string; readonly port: number }

/** An answer that is no success; the message is the engine's own. */
export class EngineApiError extends Error {
  override readonly name = 'EngineApiError'
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/** Nobody answers at the address: not started, restarting, or not for this user. */
export class EngineUnreachable extends Error {
  override readonly name = 'EngineUnreachable'
  /** True where the user is in the socket's group, and only this login does not know it. */
  readonly needsNewLogin: boolean

  constructor(message: string, { cause, needsNewLogin = false }: { cause?: unknown; needsNewLogin?: boolean } = {}) {
    super(message, { cause })
    this.needsNewLogin = needsNewLogin
  }
}

/** Both Docker since 20.10 and Podman's compatible service speak it. */
const VERSION = 'v1.41'

interface Call {
  readonly query?: Readonly<Record<string, string | number | boolean | object | undefined>>
  readonly json?: unknown
  /** A tar, given bit by bit. */
  readonly tar?: Readable | Buffer
  readonly signal?: AbortSignal
}

/**
 * The Docker Engine API, as far as tasks need it. A client of our own: the usual library costs 34 MB of memory and
 * three installs that compile, for what are plain requests over a socket (`decisions/0003-…`).
 */
export class EngineApi {
  readonly address: EngineAddress

  constructor(address: EngineAddress) {
    this.address = address
  }

  /** The answer's JSON; undefined where it has no body. Throws `EngineApiError` or `EngineUnreachable`. */
  async call(method: string, path: string, call: Call = {}): Promise<unknown> {
    const response = await this.stream(method, path, call)
    const text = await textOf(response).catch((cause) => {
      throw this.#inWords(cause)
    })
    return text.trim() === '' ? undefined : JSON.parse(text) // Podman ends an empty one with a line feed
  }

  /** The same, with undefined where the engine knows no such thing. */
  async find(method: string, path: string, call: Call = {}): Promise<unknown> {
    try {
      return await this.call(method, path, call)
    } catch (error) {
      if (error instanceof EngineApiError && error.status === 404) return undefined
      throw error
    }
  }

  /** An answer that is read bit by bit; `response.destroy()` ends it. */
  async stream(method: string, path: string, { query = {}, json, tar, signal }: Call = {}): Promise<IncomingMessage> {
    const body = json === undefined ? undefined : Buffer.from(JSON.stringify(json))
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
    const sent = request({
      ...this.address,
      method,
      path: `/${VERSION}${path}${queryOf(query)}`,
      agent: false,
      headers: {
        host: 'docker',
        ...(body && { 'content-type': 'application/json', 'content-length': body.length }),
        ...(tar && { 'content-type': 'application/x-tar' }),
        ...(tar instanceof Buffer && { 'content-length': tar.length }),
      },
      ...(signal && { signal }),
    })
    sent.on('response', resolve)
    sent.on('error', (cause: NodeJS.ErrnoException) => reject(this.#inWords(cause)))
    // An engine that refuses answers before it has read all: its words matter then, not the broken pipe.
    if (tar && !(tar instanceof Buffer)) pipeline(tar, sent).catch((error) => setImmediate(() => reject(error)))
    else sent.end(tar ?? body)
    const response = await promise
    const status = response.statusCode ?? 0
    if (status < 300 || status === 304) return response
    const message = messageOf(await textOf(response))
    throw new EngineApiError(dockerStatus(status, message), message)
  }

  #inWords(cause: NodeJS.ErrnoException): Error {
    if (!['ECONNREFUSED', 'ENOENT', 'ECONNRESET', 'EPIPE', 'EACCES', 'ENOTSOCK'].includes(cause.code ?? ''))
      return cause
    const place = 'socketPath' in this.address ? this.address.socketPath : `${this.address.host}:${this.address.port}`
    const group = cause.code === 'EACCES' ? groupJoinedLater(place) : undefined
    const why = group === undefined ? reasonOf(cause) : needsNewLogin(group)
    return new EngineUnreachable(`No container engine answers at ${place}: ${why}.`, {
      cause,
      needsNewLogin: group !== undefined,
    })
  }
}

function reasonOf({ code }: NodeJS.ErrnoException): string {
  return code === 'EACCES' ? 'this user may not use it (add the user to the group "docker")' : (code ?? '')
}

function needsNewLogin(group: string): string {
  return `this user joined the group "${group}" after this login (log in again, or "newgrp ${group}", and start Sagebrush from there)`
}

/** Podman has 500 for a container that went away, or ended, while it was asked for. */
function dockerStatus(status: number, message: string): number {
  if (status !== 500) return status
  if (/no such container/i.test(message)) return 404
  return /can only kill running containers/i.test(message) ? 409 : status
}

function queryOf(query: NonNullable<Call['query']>): string {
  const parts = Object.entries(query).flatMap(([name, value]) => {
    if (value === undefined) return []
    const text = typeof value === 'object' ? JSON.stringify(value) : String(value)
    return [`${encodeURIComponent(name)}=${encodeURIComponent(text)}`]
  })
  return parts.length === 0 ? '' : `?${parts.join('&')}`
}

function messageOf(text: string): string {
  try {
    const { message, cause } = JSON.parse(text)
    return String(message ?? cause ?? text)
  } catch {
    return text.trim()
  }
}

async function textOf(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}
