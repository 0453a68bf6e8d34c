import { normalizePath } from '../wire/percent.ts'
import type { WireRequest } from '../wire/wire-request.ts'
import type { HostedService } from './hosted-service.ts'

/**
 * Which service a request is for. The signature's scope decides where there is one, so that no request signed for one
 * service reaches another; within `sagemaker`, X-Amz-Target tells the control plane from the runtime's paths.
 */
export class ServiceSelector {
  readonly #services: readonly HostedService[]
  readonly #bySigningName = new Map<string, HostedService[]>()

  constructor(services: readonly HostedService[]) {
    this.#services = services
    for (const service of services) {
      const name = service.model.metadata.signingName
      this.#bySigningName.set(name, [...(this.#bySigningName.get(name) ?? []), service])
    }
  }

  /** Undefined where no hosted service is signed for under that name. */
  select(request: WireRequest, signingName: string | undefined): HostedService | undefined {
    const candidates = signingName === undefined ? this.#services : this.#bySigningName.get(signingName)
    if (!candidates || candidates.length === 1) return candidates?.[0]
    const target = request.headers['x-amz-target']
    if (target !== undefined) {
      const prefix = target.slice(0, target.lastIndexOf('.'))
      const byTarget = candidates.find((service) => service.model.metadata.targetPrefix === prefix)
      if (byTarget) return byTarget
      return candidates.find((service) => service.protocol.family === 'json') ?? candidates[0]
    }
    const admitted = { request: { ...request, path: normalizePath(request.path) }, body: new Uint8Array(0) }
    const byPath = candidates.find(
      (service) => service.protocol.family === 'rest-json' && service.protocol.route(admitted),
    )
    return byPath ?? this.#fallback(request, candidates)
  }

  /** Only the wording of the refusal depends on this. */
  #fallback(request: WireRequest, candidates: readonly HostedService[]): HostedService | undefined {
    const isForm = request.headers['content-type']?.startsWith('application/x-www-form-urlencoded') ?? false
    const wanted = isForm || /(^|&)Action=/.test(request.query) ? 'query' : 's3'
    const fitting = candidates.filter((service) => service.protocol.family === wanted)
    return (
      fitting.find(hasUnsignedOperations) ??
      fitting[0] ??
      candidates.find((service) => service.protocol.family === 'json') ??
      candidates[0]
    )
  }
}

function hasUnsignedOperations({ model }: HostedService): boolean {
  return Object.values(model.operations).some(({ authtype }) => authtype === 'none')
}
