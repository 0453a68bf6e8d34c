import { BlockList, isIP } from 'node:net'

const OWN = new BlockList()
OWN.addSubnet('127.0.0.0', 8, 'ipv4')
OWN.addSubnet('0.0.0.0', 8, 'ipv4')
OWN.addSubnet('169.254.0.0', 16, 'ipv4')
OWN.addAddress('::1', 'ipv6')
OWN.addAddress('::', 'ipv6')
OWN.addSubnet('fe80::', 10, 'ipv6')

/**
 * Whether a client may be connected to that address: what only this machine reaches (loopback, link-local) is for
 * clients of this machine; a task on a network of its own gets no way into it through the proxy.
 */
export function isOpenTo(client: string | undefined, remote: string | undefined): boolean {
  return client !== undefined && remote !== undefined && (isOwn(client) || !isOwn(remote))
}

function isOwn(address: string): boolean {
  const plain = address.replace(/^::ffff:(?=\d+\.)/, '')
  return OWN.check(plain, isIP(plain) === 6 ? 'ipv6' : 'ipv4')
}
