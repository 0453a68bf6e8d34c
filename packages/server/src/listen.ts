import type { Server } from 'node:http'
import { type AddressInfo, connect, createServer, type Server as Listener } from 'node:net'
import { networkInterfaces } from 'node:os'

/** The port that is asked for is taken; the message says what to do. */
export class PortTaken extends Error {
  override readonly name = 'PortTaken'
}

/** How long an address may take to say whether somebody listens there; then `listen` says it. */
const ASK_MS = 200

/**
 * Throws `PortTaken` where this machine has no such address, or somebody listens there already, before anything else is
 * begun. Asked as a client: who waits for this server must not find one that goes away again.
 */
export async function checkAddress(host: string, port: number): Promise<void> {
  if (!isOwn(host)) {
    const error = await bindingError(host)
    if (error) throw inWords(error, host, port)
  }
  if (port === 0) return
  const code = await new Promise<string>((resolve) => {
    const socket = connect({ host, port, timeout: ASK_MS })
    const answer = (code: string) => {
      socket.destroy()
      resolve(code)
    }
    socket.on('connect', () => answer('EADDRINUSE')).on('timeout', () => answer(''))
    socket.on('error', (error: NodeJS.ErrnoException) => answer(error.code ?? ''))
  })
  if (['EADDRINUSE', 'ENOTFOUND', 'EAI_AGAIN'].includes(code))
    throw inWords(Object.assign(new Error(code), { code }), host, port)
}

/** Whether the address is the machine's by its form, or by its interfaces. */
function isOwn(host: string): boolean {
  if (host === 'localhost' || /^(127\.|0\.0\.0\.0$|::1?$)/.test(host)) return true
  return Object.values(networkInterfaces()).some((addresses) => addresses?.some(({ address }) => address === host))
}

/** What comes of listening there on any port: names, and systems that let a foreign address be bound, say it. */
function bindingError(host: string): Promise<NodeJS.ErrnoException | undefined> {
  return new Promise((resolve) => {
    const listener = createServer()
    listener.once('error', resolve)
    listener.listen(0, host, () => listener.close(() => resolve(undefined)))
  })
}

/** Listens, and resolves to the address as clients write it. */
export function listen(server: Listener, host: string, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(inWords(error, host, port)))
    server.listen(port, host, () => {
      const { address, family, port: taken } = server.address() as AddressInfo
      resolve(`http://${family === 'IPv6' ? `[${address}]` : address}:${taken}`)
    })
  })
}

function inWords(error: NodeJS.ErrnoException, host: string, port: number): Error {
  if (error.code === 'EADDRINUSE') {
    return new PortTaken(
      `Port ${port} of ${host} is taken by another program, or by the Sagebrush of another home. Choose another one (SAGEBRUSH_PORT or --port), or 0 for any free one.`,
    )
  }
  if (error.code === 'EACCES') return new PortTaken(`Port ${port} may not be used by this user: choose one above 1023.`)
  if (['ENOTFOUND', 'EAI_AGAIN'].includes(error.code ?? '')) {
    return new PortTaken(`Nobody knows the address of ${host}: name one of this machine (SAGEBRUSH_HOST or --host).`)
  }
  if (error.code === 'EADDRNOTAVAIL') return new PortTaken(`This machine has no address ${host} to listen on.`)
  return error
}

const PATIENCE_MS = 3000

/** Takes no new connections, lets answers under way end, and cuts what takes longer than three seconds. */
export async function closeListener(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  server.closeIdleConnections()
  const timer = setTimeout(() => server.closeAllConnections(), PATIENCE_MS)
  await closed
  clearTimeout(timer)
}
