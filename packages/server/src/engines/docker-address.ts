import { existsSync } from 'node:fs'
import type { EngineAddress } from '@sagebrush/engine-docker'

/** Where Docker and Podman listen by themselves, as root and as an ordinary user. */
function usualSockets(): readonly string[] {
  const user = process.getuid?.() ?? 0
  const runtime = process.env.XDG_RUNTIME_DIR ?? `/run/user/${user}`
  return [
    '/var/run/docker.sock',
    `${runtime}/docker.sock`,
    `${process.env.HOME ?? ''}/.docker/run/docker.sock`,
    `${runtime}/podman/podman.sock`,
    '/run/podman/podman.sock',
  ]
}

/**
 * Where the container engine is: the setting (`unix:///…` or `tcp://host:port`), else DOCKER_HOST, else the first of
 * the usual sockets that is there, else Docker's own. Throws for an address of another kind.
 */
export function dockerAddress(setting: string): EngineAddress {
  const text = setting || process.env.DOCKER_HOST || ''
  if (text === '') return { socketPath: usualSockets().find((path) => existsSync(path)) ?? '/var/run/docker.sock' }
  const url = new URL(text)
  if (url.protocol === 'unix:') return { socketPath: url.pathname }
  if (url.protocol === 'tcp:') return { host: url.hostname, port: Number(url.port || 2375) }
  throw new TypeError(
    `The address of the container engine, "${text}" (docker.host or DOCKER_HOST), must begin with unix:// or tcp://.`,
  )
}
