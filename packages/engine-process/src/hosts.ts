import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'

/**
 * /etc/hosts of a task: the machine's own lines, then the peers, each at a loopback address of its own. Two that bind
 * 0.0.0.0 on one port still meet, for they share the machine's network; by their own names they do not.
 */
export async function hostsFile(group: string, hosts: readonly string[]): Promise<string> {
  const own = await readFile('/etc/hosts', 'utf8').catch(() => '127.0.0.1 localhost\n')
  // 127.0 and 127.1 are left to the machine, which has its own names there (Debian: 127.0.1.1).
  const [a = 0, b = 0] = createHash('sha256').update(group).digest()
  const second = 2 + (a % 253)
  const lines = hosts.map((host, index) => `127.${second}.${b}.${index + 1} ${host}`)
  const kept = own.split('\n').filter((line) => !hosts.some((host) => line.split(/\s+/).slice(1).includes(host)))
  return `${[...kept.filter((line) => line.trim() !== ''), ...lines].join('\n')}\n`
}

/** What a task's log says after an "Address already in use" in a job of several hosts. */
export function hostHint(hosts: readonly string[], host: string): string {
  if (hosts.length < 2) return ''
  return (
    `Sagebrush: the ${hosts.length} hosts of this job share one machine's network, so two of them cannot bind ` +
    `0.0.0.0 on one port: bind the host's own name ("${host}"), or use another port on each host.`
  )
}
