import { readFileSync } from 'node:fs'
import { type ClientRequest, type IncomingMessage, type RequestOptions, request } from 'node:http'
import type { Socket } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'

export interface Answer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
}

/** Asks a proxy for a tunnel. Resolves to its socket, or to what was said instead. */
export function tunnel(proxy: string, authority: string): Promise<Socket | Answer> {
  const { hostname, port, username, password } = new URL(proxy)
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
  return new Promise((resolve, reject) => {
    const asking = request({
      host: hostname,
      port,
      method: 'CONNECT',
      path: authority,
      headers: username === '' ? {} : { 'proxy-authorization': authorization },
    })
    asking.once('connect', async (response, socket, head) => {
      if (response.statusCode === 200) return resolve(socket)
      const parts: Buffer[] = [head]
      for await (const part of socket) parts.push(part)
      resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(parts) })
    })
    asking.once('error', reject)
    asking.end()
  })
}

/** A TLS connection through the proxy that trusts what is in a file, and nothing else. */
export async function secureTunnel(proxy: string, host: string, caFile: string, port = 443): Promise<TLSSocket> {
  const socket = await tunnel(proxy, `${host}:${port}`)
  if ('status' in socket) throw new Error(`${socket.status} ${socket.body}`)
  return new Promise((resolve, reject) => {
    const tls = connectTls({ socket, servername: host, ca: readFileSync(caFile), ALPNProtocols: ['http/1.1'] })
    tls.once('secureConnect', () => resolve(tls))
    tls.once('error', reject)
  })
}

/** Sends one request over a connection, and reads the whole answer. */
export function exchange(
  socket: TLSSocket,
  options: RequestOptions,
  send: (outgoing: ClientRequest) => void = (outgoing) => outgoing.end(),
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request({
      host: socket.servername || undefined,
      createConnection: () => socket,
      ...options,
    })
    outgoing.once('error', reject)
    outgoing.once('response', async (response) => {
      const parts: Buffer[] = []
      for await (const part of response) parts.push(part)
      resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(parts) })
    })
    send(outgoing)
  })
}
