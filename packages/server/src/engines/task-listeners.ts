import type { Server } from 'node:http'
import { createServer, isIP, type Server as NetServer } from 'node:net'
import type { TaskNetwork } from '@sagebrush/engine-docker'

/** On how many more addresses the server answers, and to whom: tasks in containers have no loopback in common with it. */
export class TaskListeners {
  readonly #listeners = new Map<string, NetServer>()
  readonly #ready = Promise.withResolvers<{ readonly server: Server; readonly host: string; readonly port: number }>()

  /** From now on: the server that answers, and where it listens by itself. */
  open(server: Server, host: string, port: number): void {
    this.#ready.resolve({ server, host, port })
  }

  /**
   * Answers on the machine's own address in the network, on the server's port, to members of the network alone: other
   * machines and other jobs' networks could otherwise reach it by routing.
   */
  async answerOn({ gateway, subnet }: TaskNetwork): Promise<void> {
    const { server, host, port } = await this.#ready.promise
    if (this.#listeners.has(gateway) || host === '0.0.0.0' || host === '::' || host === gateway) return
    const listener = createServer({ pauseOnConnect: false }, (socket) => {
      if (socket.remoteAddress && isWithin(socket.remoteAddress, subnet)) server.emit('connection', socket)
      else socket.destroy()
    })
    this.#listeners.set(gateway, listener)
    await new Promise<void>((resolve, reject) => {
      listener.once('error', (error) => {
        this.#listeners.delete(gateway)
        reject(
          new Error(`The server could not answer tasks at ${gateway}:${port}: ${error.message}.`, { cause: error }),
        )
      })
      listener.listen(port, gateway, resolve)
    })
    listener.unref()
  }

  close(): void {
    for (const listener of this.#listeners.values()) listener.close()
    this.#listeners.clear()
  }
}

/** True for an IPv4 address of the subnet, which is in CIDR form. */
export function isWithin(address: string, subnet: string): boolean {
  const plain = address.replace(/^::ffff:/, '')
  const [base = '', bits = '32'] = subnet.split('/')
  if (isIP(plain) !== 4 || isIP(base) !== 4) return false
  const shift = 2 ** (32 - Number(bits))
  return Math.floor(numberOf(plain) / shift) === Math.floor(numberOf(base) / shift)
}

function numberOf(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
}
