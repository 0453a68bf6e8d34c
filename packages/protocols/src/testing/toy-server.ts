import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { loadService, type ServiceName, serviceNames } from '@sagebrush/contract'
import type { AccessKey, Operation, OperationTable, RequestContext } from '@sagebrush/core'
import { createGateway, type GatewayOptions, hostService, type RequestFailure } from '../index.ts'

export interface Call {
  readonly service: ServiceName
  readonly operation: string
  readonly input: Record<string, unknown>
  readonly ctx: RequestContext
}

export type Responder = (call: Call) => unknown

export const toyKey: AccessKey = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
  account: '123456789012',
  arn: 'arn:aws:iam::123456789012:user/tester',
  userId: 'AIDAEXAMPLE',
}

export const toySession: AccessKey = {
  ...toyKey,
  accessKeyId: 'ASIAEXAMPLE',
  sessionToken: 'token/with+signs==',
  expires: new Date('2099-01-01T00:00:00Z'),
}

/** A real listener in front of services whose every operation calls `respond`. */
export class ToyServer {
  readonly calls: Call[] = []
  readonly failures: RequestFailure[] = []
  respond: Responder = () => ({})
  now = () => new Date()
  keys: readonly AccessKey[] = [toyKey, toySession]
  port = 0
  readonly #server: Server = createServer()

  async start(options: Partial<GatewayOptions> & { without?: readonly string[] } = {}): Promise<this> {
    const gateway = createGateway({
      services: serviceNames.map((name) =>
        hostService<RequestContext>({
          model: name,
          operations: this.#operations(name, options.without ?? []),
          context: (request) => request,
        }),
      ),
      accessKeys: { find: async (id) => this.keys.find((key) => key.accessKeyId === id) },
      now: () => this.now(),
      log: (failure) => this.failures.push(failure),
      ...options,
    })
    gateway.attach(this.#server)
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    this.port = (this.#server.address() as AddressInfo).port
    return this
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`
  }

  /** For an SDK client; one attempt, so that what the server said is what is seen. */
  get client() {
    const { accessKeyId, secretAccessKey } = toyKey
    return {
      endpoint: this.url,
      region: 'eu-west-1',
      credentials: { accessKeyId, secretAccessKey },
      maxAttempts: 1,
    }
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  #operations(service: ServiceName, without: readonly string[]): OperationTable<RequestContext> {
    const table: Record<string, Operation<never, unknown, RequestContext>> = {}
    for (const operation of Object.keys(loadService(service).operations)) {
      if (without.includes(operation)) continue
      table[operation] = {
        name: operation,
        handle: async (input: Record<string, unknown>, ctx: RequestContext) => {
          const call = { service, operation, input, ctx }
          this.calls.push(call)
          return this.respond(call)
        },
      }
    }
    return table
  }
}
