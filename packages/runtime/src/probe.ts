import { request } from 'node:http'
import type { Probe, TaskAddress } from '@sagebrush/core'

/** Pings over a connection of its own each time: a starting server may still change sockets. */
export const httpProbe: Probe = {
  ping: (address, timeoutMs) =>
    new Promise((resolve) => {
      const ping = request(
        { ...target(address), method: 'GET', path: '/ping', agent: false, timeout: timeoutMs },
        (answer) => {
          answer.resume()
          resolve(answer.statusCode)
        },
      )
      ping.on('timeout', () => ping.destroy())
      ping.on('error', () => resolve(undefined))
      ping.on('close', () => resolve(undefined))
      ping.end()
    }),
}

function target(address: TaskAddress) {
  return 'socketPath' in address ? { socketPath: address.socketPath } : { host: address.host, port: address.port }
}
