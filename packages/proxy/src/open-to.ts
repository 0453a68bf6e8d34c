import { existsSync, readFileSync } from 'node:fs'
import { BlockList, isIP } from 'node:net'
import { networkInterfaces } from 'node:os'

const OWN = new BlockList()
OWN.addSubnet('127.0.0.0', 8, 'ipv4')
OWN.addSubnet('0.0.0.0', 8, 'ipv4')
OWN.addSubnet('169.254.0.0', 16, 'ipv4')
OWN.addAddress('::1', 'ipv6')
OWN.addAddress('::', 'ipv6')
OWN.addSubnet('fe80::', 10, 'ipv6')

/** The client asked for what is not open to it. */
export class NotOpen extends Error {
  override readonly name = 'NotOpen'
}

/**
 * Whether a client may be connected to that address. What only this machine reaches is for clients of this machine:
 * loopback, link-local, and the networks of its containers, which are kept apart from each other. A task on a network
 * of its own gets no way into them through the proxy.
 */
export function isOpenTo(client: string | undefined, remote: string, containers = containerNetworks): boolean {
  if (client === undefined) return false
  return isIn(OWN, client) || !(isIn(OWN, remote) || isIn(containers(), remote))
}

/** The networks of this machine's bridges, but for one that leads out of it. */
function containerNetworks(): BlockList {
  const found = new BlockList()
  const outward = outwardInterfaces()
  for (const [name, addresses = []] of Object.entries(networkInterfaces())) {
    if (outward.has(name) || !existsSync(`/sys/class/net/${name}/bridge`)) continue
    for (const { cidr, family } of addresses) {
      const [address, prefix] = cidr?.split('/') ?? []
      if (address && prefix) found.addSubnet(address, Number(prefix), family === 'IPv6' ? 'ipv6' : 'ipv4')
    }
  }
  return found
}

/** Those of the default routes. */
function outwardInterfaces(): ReadonlySet<string> {
  try {
    const routes = readFileSync('/proc/net/route', 'utf8').split('\n').slice(1)
    const words = routes.map((line) => line.split('\t'))
    return new Set(words.flatMap(([name = '', to]) => (to === '00000000' ? [name] : [])))
  } catch {
    return new Set() // not Linux: it has no bridges of containers either
  }
}

function isIn(list: BlockList, address: string): boolean {
  const plain = address.replace(/^::ffff:(?=\d+\.)/, '')
  return list.check(plain, isIP(plain) === 6 ? 'ipv6' : 'ipv4')
}
