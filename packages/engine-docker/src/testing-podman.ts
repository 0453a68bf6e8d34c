import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { until } from '@sagebrush/engine-kit'
import { EngineApi } from './engine-api.ts'

/** The machine's own settings may lack these: cgroups that crun cannot use, limits above what a container may raise. */
const CONF = (folder: string) => `
[containers]
default_ulimits = ["nofile=16384:16384", "nproc=30000:30000"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
[network]
network_backend = "netavark"
network_config_dir = "${folder}/networks"
`

export interface OwnPodman {
  readonly address: { readonly socketPath: string }
  close(): Promise<void>
}

/** Podman's service with storage of the test's own. Its networks are in the namespace of whoever calls. */
export async function ownPodman(): Promise<OwnPodman> {
  const folder = await mkdtemp(join(tmpdir(), 'podman-'))
  const socketPath = join(folder, 'socket')
  const conf = join(folder, 'containers.conf')
  await mkdir(join(folder, 'networks'))
  await writeFile(conf, CONF(folder))
  const places = ['root', 'runroot', 'tmpdir'].flatMap((name) => [`--${name}`, join(folder, name)])
  const words = [...places, 'system', 'service', '--time=0', `unix://${socketPath}`]
  const service = spawn('podman', words, {
    env: { ...process.env, CONTAINERS_CONF: conf },
    stdio: ['ignore', 'ignore', process.env.SAGEBRUSH_TEST_PODMAN_LOG ? 'inherit' : 'ignore'],
  })
  const api = new EngineApi({ socketPath })
  const own: OwnPodman = {
    address: { socketPath },
    async close() {
      const ended = new Promise((resolve) => service.once('exit', resolve))
      service.kill()
      await ended
      await new Promise<void>((resolve) => {
        spawn('umount', [join(folder, 'root/overlay')], { stdio: 'ignore' }).once('exit', () => resolve())
      })
      await rm(folder, { recursive: true, force: true })
    },
  }
  await until('Podman’s service', async () => await api.call('GET', '/info').catch(() => undefined), 30_000)
  return own
}
