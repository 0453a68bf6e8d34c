import { join } from 'node:path'
import { EngineUnreachable, type Machine, probeEngine } from '@sagebrush/engine-docker'
import type { Config } from './config/settings.ts'
import { dockerAddress } from './engines/docker-address.ts'
import { type Finding, nearestFolder } from './finding.ts'

/** What runs images: whether a container engine answers, and what it can do. */
export async function containerEngine(config: Config): Promise<readonly Finding[]> {
  if (config.engine === 'process') {
    return [{ name: 'containers', state: 'good', found: 'not asked for (engine is "process")' }]
  }
  try {
    const address = dockerAddress(config['docker.host'])
    const machine = await probeEngine(address, await nearestFolder(join(config.home, 'containers')))
    return [engine(machine), staging(machine), ...networks(machine)]
  } catch (error) {
    if (!(error instanceof Error)) throw error
    return [
      {
        name: 'containers',
        state: config.engine === 'docker' ? 'bad' : 'poor',
        found: error instanceof EngineUnreachable ? error.message : `no container engine can be used: ${error.message}`,
        fix: fixOf(error),
      },
    ]
  }
}

function fixOf(error: Error): string {
  const needed = 'Only images of your own need one; managed images run without.'
  if (error instanceof EngineUnreachable && error.needsNewLogin) return needed
  if (error.cause instanceof Error && 'code' in error.cause && error.cause.code === 'EACCES') {
    return `${needed} usermod -aG docker USER, as root, then a new login; or say where another one is: docker.host or DOCKER_HOST.`
  }
  return `${needed} Debian, Ubuntu: apt-get install docker.io; or say where it is: docker.host or DOCKER_HOST.`
}

function engine({ name, podman, cpus, memoryBytes, gpus, init }: Machine): Finding {
  const found = `${name}, ${cpus} CPUs, ${(memoryBytes / 1024 ** 3).toFixed(0)} GiB${gpus ? ', GPUs' : ''}`
  if (init) return { name: 'containers', state: 'good', found }
  return {
    name: 'containers',
    state: 'poor',
    found: `${found}; no init process: programs that do not handle SIGTERM are stopped only by SIGKILL`,
    fix: `Debian, Ubuntu: apt-get install ${podman ? 'catatonit' : 'tini'}`,
  }
}

/** Nothing where one bridge serves all jobs of one host, as it mostly does. */
function networks({ separates, podman }: Machine): readonly Finding[] {
  if (separates) return []
  const found =
    'every job takes a private network (100 ms more): the engine cannot keep the members of one bridge apart'
  if (podman) return [{ name: 'networks', state: 'good', found }]
  const fix = 'modprobe br_netfilter && sysctl net.bridge.bridge-nf-call-iptables=1, then restart the engine'
  return [{ name: 'networks', state: 'poor', found, fix }]
}

function staging({ staging: how, stagingReason }: Machine): Finding {
  if (how === 'overlay') {
    return { name: 'volumes', state: 'good', found: 'channels are not copied into containers (overlay)' }
  }
  return {
    name: 'volumes',
    state: 'poor',
    found: `channels are copied into containers: ${stagingReason}`,
    fix: 'Keep the home on a disk that the container engine sees at the same path.',
  }
}
