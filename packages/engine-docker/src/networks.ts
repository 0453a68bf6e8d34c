import { rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { readJson, replaceJson } from '@sagebrush/task-folder'
import { type EngineApi, EngineApiError } from './engine-api.ts'
import type { Machine } from './machine.ts'
import { type DockerEngineOptions, HOME_LABEL, homeLabel, type TaskNetwork } from './options.ts'

interface Inspected {
  readonly Name: string
  readonly IPAM?: { readonly Config?: readonly { readonly Subnet?: string; readonly Gateway?: string }[] | null }
}

/** No network can be made for a job; the message says what to do. */
export class NoNetwork extends Error {
  override readonly name = 'NoNetwork'
}

/**
 * The networks of tasks. Tasks of one host share a bridge without traffic between its members. Jobs of several hosts,
 * and all jobs where the engine cannot keep a bridge's members apart, take a private network each, from a few that are
 * kept ready, since making one takes 100 ms; who has which is in a file, for networks cannot be labelled anew.
 */
export class Networks {
  readonly #api: EngineApi
  readonly #options: DockerEngineOptions
  readonly #machine: () => Promise<Pick<Machine, 'podman' | 'separates' | 'rootless'>>
  readonly #file: string
  readonly #known = new Map<string, TaskNetwork>()
  /** Name → group of the job that has it, or null where it is spare. */
  #closed = false
  #held: Record<string, string | null> | undefined
  #queue: Promise<unknown> = Promise.resolve()

  constructor(
    api: EngineApi,
    options: DockerEngineOptions,
    machine: () => Promise<Pick<Machine, 'podman' | 'separates' | 'rootless'>>,
  ) {
    this.#machine = machine
    this.#api = api
    this.#options = options
    this.#file = join(options.root, '.networks.json')
  }

  /** Where a task of that group runs; made where it is missing. The same group gets the same network. */
  async of(group: string, hosts: number): Promise<TaskNetwork> {
    const shared = hosts === 1 && (await this.#machine()).separates
    return await this.#inTurn(() => (shared ? this.#shared() : this.#private(group)))
  }

  /** Somebody took a network away: whoever asks next has it made anew. */
  forget(): void {
    this.#known.clear()
  }

  /** Gives a group's network back, for the next one. */
  async release(group: string): Promise<void> {
    await this.#inTurn(async () => {
      const held = await this.#load()
      const names = Object.keys(held).filter((name) => held[name] === group)
      for (const name of names) {
        if (this.#spares(held).length < this.#spareCount) held[name] = null
        else await this.#delete(held, name)
      }
      if (names.length > 0) await replaceJson(this.#file, held)
    })
  }

  /** Makes the shared network and the spare ones, so that no job has to wait for them. */
  async warm(): Promise<void> {
    if ((await this.#machine()).separates) await this.#inTurn(() => this.#shared())
    await this.#inTurn(() => this.#refill())
  }

  /** Removes every network of this home, where nothing is attached to any. None is made from then on. */
  async removeAll(): Promise<void> {
    this.#closed = true
    await this.#inTurn(async () => {
      const filters = { label: [`${HOME_LABEL}=${homeLabel(this.#options.root)}`] }
      const found = ((await this.#api.call('GET', '/networks', { query: { filters } })) ?? []) as Inspected[]
      await Promise.all(found.map(({ Name }) => this.#api.find('DELETE', `/networks/${Name}`)))
      await rm(this.#file, { force: true })
    })
  }

  get #spareCount(): number {
    return this.#options.spareNetworks ?? 1
  }

  #spares(held: Readonly<Record<string, string | null>>): string[] {
    return Object.keys(held).filter((name) => held[name] === null)
  }

  async #shared(): Promise<TaskNetwork> {
    const name = `sagebrush-${homeLabel(this.#options.root)}`
    return await this.#open(name, { 'com.docker.network.bridge.enable_icc': 'false' })
  }

  async #private(group: string): Promise<TaskNetwork> {
    const held = await this.#load()
    const [mine] = Object.keys(held).filter((name) => held[name] === group)
    if (mine) return await this.#open(mine)
    const name = this.#spares(held)[0] ?? this.#newName(held)
    held[name] = group
    await replaceJson(this.#file, held)
    try {
      const network = await this.#open(name)
      void this.#inTurn(() => this.#refill()).catch((error) => this.#options.log?.('no spare network', error))
      return network
    } catch (error) {
      delete held[name]
      await replaceJson(this.#file, held)
      throw error
    }
  }

  async #refill(): Promise<void> {
    const held = await this.#load()
    for (const name of Object.keys(held)) await this.#open(name) // jobs of an earlier server run there
    while (this.#spares(held).length < this.#spareCount) {
      const name = this.#newName(held)
      await this.#open(name)
      held[name] = null
      await replaceJson(this.#file, held)
    }
  }

  #newName(held: Readonly<Record<string, unknown>>): string {
    for (let number = 1; ; number++) {
      const name = `sagebrush-${homeLabel(this.#options.root)}-${number}`
      if (!(name in held)) return name
    }
  }

  async #load(): Promise<Record<string, string | null>> {
    this.#held ??= ((await readJson(this.#file)) ?? {}) as Record<string, string | null>
    return this.#held
  }

  async #delete(held: Record<string, string | null>, name: string): Promise<void> {
    await this.#api.find('DELETE', `/networks/${name}`)
    this.#known.delete(name)
    delete held[name]
  }

  /** The network of that name, made where it is missing, with the server answering in it. */
  async #open(name: string, options: Readonly<Record<string, string>> = {}): Promise<TaskNetwork> {
    const known = this.#known.get(name)
    if (known) return known
    if (this.#closed) throw new NoNetwork('The server is stopping.')
    const found = (await this.#api.find('GET', `/networks/${name}`)) ?? (await this.#make(name, options))
    const { Subnet: subnet = '', Gateway: gateway = '' } = (found as Inspected).IPAM?.Config?.[0] ?? {}
    const network = { name, gateway, subnet, local: await this.#isLocal(gateway) }
    const { podman } = await this.#machine()
    if (network.local && (!podman || (await isOwnAddress(gateway)))) await this.#options.answerOn(network)
    this.#known.set(name, network)
    return network
  }

  /** Podman makes a bridge with its first running container: only from then on can the server answer there. */
  async started(network: TaskNetwork): Promise<void> {
    if (network.local && (await this.#machine()).podman) await this.#options.answerOn(network)
  }

  async #isLocal(gateway: string): Promise<boolean> {
    const { podman, rootless } = await this.#machine()
    if (!podman) return await isOwnAddress(gateway)
    return !rootless && process.platform === 'linux' && 'socketPath' in this.#options.address
  }

  async #make(name: string, options: Readonly<Record<string, string>>): Promise<unknown> {
    const labels = { [HOME_LABEL]: homeLabel(this.#options.root) }
    if ((await this.#machine()).podman) options = { isolate: 'true' } // else it routes between networks
    const json = { Name: name, Driver: 'bridge', CheckDuplicate: true, Labels: labels, Options: options }
    try {
      await this.#api.call('POST', '/networks/create', { json })
    } catch (error) {
      if (!(error instanceof EngineApiError)) throw error
      throw new NoNetwork(
        `The container engine could not make a network for the task: ${error.message}. Remove networks that nobody ` +
          'uses ("docker network prune"), or give the engine more addresses ("default-address-pools" in its daemon.json).',
        { cause: error },
      )
    }
    return await this.#api.call('GET', `/networks/${name}`)
  }

  /** One change of the file at a time. */
  async #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const turn = this.#queue.then(act, act)
    this.#queue = turn.catch(() => {})
    return await turn
  }
}

/**
 * False on a remote engine and on Docker Desktop, whose bridges are on another machine. Tried by listening: a bridge
 * without a running container is not among the interfaces that Node tells of.
 */
async function isOwnAddress(address: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const listener = createServer()
  listener.once('error', () => resolve(false))
  listener.listen(0, address, () => listener.close(() => resolve(true)))
  return await promise
}
