import { spawn } from 'node:child_process'
import { once } from 'node:events'

export interface LoopbackNetwork {
  /** Runs what follows it inside: `[...wrap, 'curl', 'http://127.0.0.1']`. */
  readonly wrap: readonly string[]
  close(): Promise<void>
}

/**
 * A network namespace that has a loopback device and nothing else: whatever asks for another address or name fails
 * there. As an ordinary user it comes with a user namespace. Needs the capability `network-namespaces`.
 */
export async function openLoopbackNetwork(): Promise<LoopbackNetwork> {
  const root = process.getuid?.() === 0
  const script = 'ip link set lo up && echo ready && exec sleep infinity'
  // Mapped to itself, not to root: the server inside must see that it is an ordinary user's.
  const apart = root ? ['--net'] : ['--user', '--map-current-user', '--keep-caps', '--net']
  const holder = spawn('unshare', [...apart, 'sh', '-c', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(holder, 'exit')
  const ready = await Promise.race([once(holder.stdout, 'data'), ended])
  if (String(ready[0]).trim() !== 'ready') throw new Error('A network namespace cannot be made here.')
  const into = root ? [] : ['--user', '--preserve-credentials']
  return {
    wrap: ['nsenter', '--target', String(holder.pid), ...into, '--net'],
    close: async () => {
      holder.kill('SIGTERM')
      await ended
    },
  }
}
