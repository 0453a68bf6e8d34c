import { ApiError, RightOfWay, type Route, type RouterTable, type Scope, scopeKey } from '@sagebrush/core'
import { defaultConfig, type RuntimeConfig } from './config.ts'
import { Instance } from './instance.ts'

interface Variant {
  readonly name: string
  readonly weight: number
  readonly instances: readonly Instance[]
}

interface Endpoint {
  readonly logGroup: string
  readonly variants: readonly Variant[]
}

/** Where one request goes. */
export interface Target {
  readonly logGroup: string
  readonly variant: string
  readonly instance: Instance
}

/** Who answers for each endpoint, in memory: the endpoint reconcilers write it, every invocation reads it. */
export class Router implements RouterTable {
  readonly config: RuntimeConfig
  /** Invocations go before bulk work of the same thread. */
  readonly rightOfWay: RightOfWay
  readonly #endpoints = new Map<string, Endpoint>()
  /** Every task that is routed, or was and still has requests. */
  readonly #instances = new Map<string, Instance>()
  readonly #random: () => number

  /** `random` gives numbers in [0, 1); for tests. */
  constructor(config: Partial<RuntimeConfig> = {}, rightOfWay = new RightOfWay(), random: () => number = Math.random) {
    this.config = { ...defaultConfig, ...config }
    this.rightOfWay = rightOfWay
    this.#random = random
  }

  set(scope: Scope, endpoint: string, route: Route): void {
    const key = keyOf(scope, endpoint)
    const old = this.#endpoints.get(key)
    const variants = route.variants.map(({ name, weight, instances }) => ({
      name,
      weight,
      instances: instances.map((routed) => {
        const known = this.#instances.get(routed.taskId)
        known?.keep()
        if (known) return known
        const instance = new Instance(routed, this.config)
        this.#instances.set(routed.taskId, instance)
        return instance
      }),
    }))
    this.#endpoints.set(key, { logGroup: route.logGroup, variants })
    this.#retire(old, new Set(variants.flatMap(({ instances }) => instances)))
  }

  remove(scope: Scope, endpoint: string): void {
    const key = keyOf(scope, endpoint)
    const old = this.#endpoints.get(key)
    this.#endpoints.delete(key)
    this.#retire(old, new Set())
  }

  inFlight(taskId: string): number {
    return this.#instances.get(taskId)?.active ?? 0
  }

  /**
   * The variant by weight, or the one that the request names; then its instance with the fewest requests, but none of
   * `without`. Throws AWS's errors where there is none, or all are full.
   */
  pick(scope: Scope, name: string, targetVariant: string | undefined, without?: ReadonlySet<Instance>): Target {
    const endpoint = this.#endpoints.get(keyOf(scope, name))
    if (!endpoint) throw new ApiError('ValidationError', `Endpoint ${name} of account ${scope.account} not found.`)
    const variant = targetVariant === undefined ? this.#byWeight(endpoint) : named(endpoint, targetVariant)
    let least: Instance | undefined
    for (const instance of variant?.instances ?? []) {
      if (!without?.has(instance) && (!least || instance.active < least.active)) least = instance
    }
    if (!variant || !least) throw unavailable(`Endpoint ${name} has no instance in service at this time.`)
    if (least.active >= this.config.concurrencyPerInstance + this.config.queuePerInstance) {
      throw unavailable(`Endpoint ${name} has more requests than its instances can take at this time.`)
    }
    return { logGroup: endpoint.logGroup, variant: variant.name, instance: least }
  }

  /** Closes all connections; requests under way fail. */
  async close(): Promise<void> {
    this.#endpoints.clear()
    const instances = [...this.#instances.values()]
    this.#instances.clear()
    await Promise.all(instances.map((instance) => instance.destroy()))
  }

  #byWeight({ variants }: Endpoint): Variant | undefined {
    if (variants.length === 1) return variants[0]
    const able = variants.filter(({ weight, instances }) => weight > 0 && instances.length > 0)
    let rest = this.#random() * able.reduce((sum, { weight }) => sum + weight, 0)
    for (const variant of able) {
      rest -= variant.weight
      if (rest < 0) return variant
    }
    return able.at(-1)
  }

  #retire(old: Endpoint | undefined, kept: ReadonlySet<Instance>): void {
    for (const instance of old?.variants.flatMap(({ instances }) => instances) ?? []) {
      if (kept.has(instance)) continue
      instance.retire(() => this.#instances.delete(instance.routed.taskId))
    }
  }
}

function keyOf(scope: Scope, endpoint: string): string {
  return `${scopeKey(scope)}/${endpoint}`
}

function named(endpoint: Endpoint, name: string): Variant {
  const variant = endpoint.variants.find((candidate) => candidate.name === name)
  if (!variant) throw new ApiError('ValidationError', `Variant ${name} not found for Request`)
  return variant
}

function unavailable(message: string): ApiError {
  return new ApiError('ServiceUnavailable', message, { status: 503, fault: 'server' })
}
