import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { until } from '@sagebrush/engine-kit'
import { EngineApi } from './engine-api.ts'
import { PYTHON } from './testing.ts'

const run = promisify(execFile)

export interface OwnDaemon {
  readonly address: { readonly socketPath: string }
  readonly api: EngineApi
  /** Ends it: by SIGTERM, which ends its containers too, or by SIGKILL, which does not. */
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>
  start(): Promise<void>
  close(): Promise<void>
}

/**
 * A Docker engine of the test's own, apart from the machine's: other folders, socket, bridge and addresses. `diskMiB`
 * puts its data on a small file system. It has the image that test images stand on.
 */
export async function ownDaemon(
  options: { readonly diskMiB?: number; readonly pool?: string } = {},
): Promise<OwnDaemon> {
  const folder = await mkdtemp(join(tmpdir(), 'dockerd-'))
  const [data, socketPath, pidFile] = ['data', 'socket', 'pid'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ]
  await run('mkdir', [data])
  if (options.diskMiB) {
    await run('truncate', ['-s', `${options.diskMiB}M`, `${data}.img`])
    await run('mkfs.ext4', ['-q', '-m', '0', `${data}.img`])
    await run('mount', ['-o', 'loop', `${data}.img`, data])
  }
  const words = [
    '-H',
    `unix://${socketPath}`,
    '--data-root',
    data,
    '--exec-root',
    join(folder, 'exec'),
    '--pidfile',
    pidFile,
  ]
  const pool = options.pool ?? 'base=10.213.0.0/16,size=24'
  words.push('--bridge=none', '--default-address-pool', pool, '--default-ulimit', 'nofile=16384:16384')
  const api = new EngineApi({ socketPath })
  let daemon: ChildProcess | undefined
  const own: OwnDaemon = {
    address: { socketPath },
    api,
    async start() {
      await rm(pidFile, { force: true })
      // In a network namespace of its own: it would take the machine's bridge and rules for leftovers of its own.
      daemon = spawn('unshare', ['--net', 'dockerd', ...words], { stdio: 'ignore' })
      await until('dockerd', async () => await api.call('GET', '/info').catch(() => undefined), 60_000)
    },
    async stop(signal = 'SIGTERM') {
      if (daemon?.exitCode !== null || daemon.signalCode !== null) return
      const ended = new Promise((resolve) => daemon?.once('exit', resolve))
      daemon?.kill(signal)
      await ended
      // Its containerd ends soon after, and a new engine must not take it for one that stays.
      const file = join(folder, 'exec/containerd/containerd.pid')
      const left = (await readFile(file, 'utf8').catch(() => '')).trim()
      if (left === '') return
      await until('the end of containerd', async () => (existsSync(`/proc/${left}`) ? undefined : true))
      await rm(file, { force: true })
    },
    async close() {
      await own.stop()
      await until('unmounted', async () => {
        const mounts = await readFile('/proc/self/mountinfo', 'utf8')
        const mine = mounts
          .split('\n')
          .flatMap((line) => line.split(' ')[4] ?? [])
          .filter((path) => path.startsWith(folder))
        for (const path of mine.reverse()) await run('umount', [path]).catch(() => {})
        return mine.length === 0 ? true : undefined
      })
      await rm(folder, { recursive: true, force: true })
    },
  }
  await own.start()
  const copy = `docker save ${PYTHON} | docker -H unix://${socketPath} load`
  await run('sh', ['-c', copy])
  return own
}
