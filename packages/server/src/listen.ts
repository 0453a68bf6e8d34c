import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** The port that is asked for is taken; the message says what to do. */
export class PortTaken extends Error {
  override readonly name = 'PortTaken'
}

/** Listens, and resolves to the address as clients write it. */
export function listen(server: Server, host: string, port: number): Promise<string> {
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
      `Port ${port} of ${host} is taken by another program. Choose another one (SAGEBRUSH_PORT or --port), or 0 for any free one.`,
    )
  }
  if (error.code === 'EACCES') return new PortTaken(`Port ${port} may not be used by this user: choose one above 1023.`)
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
