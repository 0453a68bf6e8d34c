import { type EngineApi, EngineApiError } from './engine-api.ts'

/** What `GET /containers/{id}/json` says, as far as it is asked for. */
export interface Container {
  readonly id: string
  /** The image's digest. */
  readonly image: string
  readonly status: 'created' | 'running' | 'paused' | 'restarting' | 'removing' | 'exited' | 'dead'
  readonly exitCode: number
  readonly outOfMemory: boolean
  /** The engine's words where it could not start. */
  readonly error: string
  readonly started: Date
  readonly finished: Date
  /** Its address in the first network that it is in. */
  readonly address: string | undefined
  /** The port of this machine that leads to it, where its network is on another one. */
  readonly published: number | undefined
}

interface Inspected {
  readonly Id: string
  readonly Image: string
  readonly State: {
    readonly Status: string
    readonly ExitCode: number
    readonly OOMKilled: boolean
    readonly Error?: string
    readonly StartedAt: string
    readonly FinishedAt: string
  }
  readonly NetworkSettings?: {
    readonly Networks?: Readonly<Record<string, { readonly IPAddress?: string }>>
    readonly Ports?: Readonly<Record<string, readonly { readonly HostPort?: string }[] | null>>
  }
}

/** The container of that name, or undefined where there is none. */
export async function findContainer(api: EngineApi, name: string): Promise<Container | undefined> {
  const found = (await inspect(api, name)) as Inspected | undefined
  if (!found) return undefined
  const { State: state, NetworkSettings: settings } = found
  return {
    id: found.Id,
    image: found.Image,
    // Podman has names of its own for two of them.
    status: (state.Status === 'stopped' ? 'exited' : state.Status === 'configured' ? 'created' : state.Status) as never,
    exitCode: state.ExitCode,
    outOfMemory: state.OOMKilled,
    error: state.Error ?? '',
    started: new Date(state.StartedAt),
    finished: new Date(state.FinishedAt),
    address: Object.values(settings?.Networks ?? {}).find(({ IPAddress }) => IPAddress)?.IPAddress,
    published: Number(Object.values(settings?.Ports ?? {}).find((ports) => ports)?.[0]?.HostPort) || undefined,
  }
}

/** Podman fails on a container that is just being removed; soon it says that there is none. */
async function inspect(api: EngineApi, name: string): Promise<unknown> {
  for (let tries = 1; ; tries++) {
    try {
      return await api.find('GET', `/containers/${name}/json`)
    } catch (error) {
      if (!(error instanceof EngineApiError) || error.status !== 500 || tries === 5) throw error
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
}
