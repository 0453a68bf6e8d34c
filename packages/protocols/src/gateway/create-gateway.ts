import { randomUUID } from 'node:crypto'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { type AccessKeys, ApiError, DiskFull } from '@sagebrush/core'
import { hostId } from '../rest/rest-xml.ts'
import { readUrlClaim } from '../sigv2/url-claim.ts'
import { Authenticator } from '../sigv4/authenticator.ts'
import { type ClaimProblem, readClaim, type SignatureClaim } from '../sigv4/claim.ts'
import { checkInput } from '../validate/check-input.ts'
import type { Answer, RoutedOperation } from '../wire/protocol.ts'
import { readHead, type WireRequest } from '../wire/wire-request.ts'
import { admit } from './admit.ts'
import { type BucketHosts, bucketHosts, type VirtualHostOptions } from './bucket-hosts.ts'
import { bodyError, diskFull, internalFailure, notImplemented, unknownService } from './failures.ts'
import type { HostedService } from './hosted-service.ts'
import { requestContext } from './request-context.ts'
import { ServiceSelector } from './select-service.ts'
import { send } from './send.ts'

/** One request that ended in something that was not meant for the client. */
export interface RequestFailure {
  readonly requestId: string
  readonly service: string
  readonly operation: string | undefined
  readonly error: unknown
}

/** One answered request, for an access log. Holds nothing of its content. */
export interface AnsweredRequest {
  readonly requestId: string
  readonly service: string
  readonly operation: string | undefined
  readonly account: string | undefined
  readonly status: number
  /** Name of the error that was answered. */
  readonly error: string | undefined
  readonly durationMs: number
}

export interface GatewayOptions extends VirtualHostOptions {
  readonly services: readonly HostedService[]
  readonly accessKeys: AccessKeys
  readonly now: () => Date
  /** How far the clock of a signature may be off; 15 minutes where absent. */
  readonly clockSkewMs?: number
  /** Of S3 URLs signed the old way, which name none; by default `us-east-1`. */
  readonly defaultRegion?: string
  /** Called once for each request whose operation failed with anything but an ApiError. */
  readonly log: (failure: RequestFailure) => void
  readonly answered?: (request: AnsweredRequest) => void
  /** Answers paths that are no AWS service's (health, console, registry): true where it took the request. */
  readonly before?: (request: IncomingMessage, response: ServerResponse) => boolean
}

/** A listener for the `request` event of a node:http or node:https server. */
export interface Gateway {
  (request: IncomingMessage, response: ServerResponse): void
  /** Adds the listeners for requests with and without `Expect: 100-continue`. */
  attach(server: Pick<Server, 'on'>): void
}

/**
 * One listener for all services and all regions: route, authenticate, decode, validate, invoke, encode.
 *
 * Cross-site requests and DNS rebinding need no check of their own: every answer but `before`'s is to a request
 * signed with a key that no browser holds, over its Host header too, and a refusal tells nothing worth stealing.
 *
 * @example
 * const gateway = createGateway({ services: [hostService(…)], accessKeys, now: () => new Date(), log })
 * gateway.attach(http.createServer().listen(7243, '127.0.0.1'))
 */
export function createGateway(options: GatewayOptions): Gateway {
  const pipeline = new Pipeline(options)
  const onRequest = (request: IncomingMessage, response: ServerResponse) => pipeline.answer(request, response, false)
  return Object.assign(onRequest, {
    attach(server: Pick<Server, 'on'>) {
      server.on('request', onRequest)
      server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) =>
        pipeline.answer(request, response, true),
      )
    },
  })
}

/** What is known of a request when it fails, which may be little. */
interface Progress {
  readonly requestId: string
  /** True while the client waits for `100 Continue`. */
  awaitsContinue: boolean
  routed?: RoutedOperation
  account?: string
}

class Pipeline {
  readonly #options: GatewayOptions
  readonly #authenticator: Authenticator
  readonly #selector: ServiceSelector
  readonly #hosts: BucketHosts

  constructor(options: GatewayOptions) {
    this.#options = options
    this.#authenticator = new Authenticator(options.accessKeys, options.now, options.clockSkewMs)
    this.#selector = new ServiceSelector(options.services)
    this.#hosts = bucketHosts(options)
  }

  answer(message: IncomingMessage, response: ServerResponse, expectsContinue: boolean): void {
    if (this.#options.before?.(message, response)) return
    this.#run(message, response, expectsContinue).catch((error: unknown) => {
      this.#options.log({ requestId: '', service: '', operation: undefined, error })
      response.destroy()
    })
  }

  async #run(message: IncomingMessage, response: ServerResponse, expectsContinue: boolean): Promise<void> {
    const started = performance.now()
    const request = readHead(message)
    const claim = readClaim(request)
    const signingName = signingNameOf(request, claim)
    const selected = this.#selector.select(request, signingName)
    const service = selected ?? this.#selector.select(request, undefined)
    if (!service) throw new Error('a gateway needs at least one service')
    const progress: Progress = { requestId: requestIdFor(service), awaitsContinue: expectsContinue }
    let error: ApiError | undefined
    let answer: Answer
    try {
      if (!selected) throw unknownService(signingName ?? '')
      answer = await this.#invoke(request, response, claim, service, progress)
    } catch (thrown) {
      error = this.#toApiError(service, bodyError(service, thrown), progress)
      const { requestId, routed } = progress
      answer = service.protocol.encodeError(error, {
        requestId,
        resource: request.path,
        operation: routed?.operation,
      })
    }
    // What nobody reads is let go: a client that sends its whole body before it reads must not wait for ever. One that
    // was not told to go on sends none; Node.js closes its connection, so that no later request is read as a body.
    if (!progress.awaitsContinue && !message.readableEnded) message.resume()
    addRequestId(answer, service, progress.requestId)
    try {
      await send(response, answer, request.method === 'HEAD')
    } catch (thrown) {
      error = this.#toApiError(service, thrown, progress)
      if (!response.headersSent) response.writeHead(500).end()
    }
    this.#options.answered?.({
      requestId: progress.requestId,
      service: service.model.name,
      operation: progress.routed?.operation.name,
      account: progress.account,
      status: answer.status,
      error: error?.name,
      durationMs: performance.now() - started,
    })
  }

  async #invoke(
    request: WireRequest,
    response: ServerResponse,
    claim: SignatureClaim | ClaimProblem | undefined,
    service: HostedService,
    progress: Progress,
  ): Promise<Answer> {
    const admitted = await admit({
      request,
      claim,
      service,
      authenticator: this.#authenticator,
      hosts: this.#hosts,
      now: this.#options.now,
      defaultRegion: this.#options.defaultRegion ?? 'us-east-1',
      proceed: () => {
        if (progress.awaitsContinue) response.writeContinue()
        progress.awaitsContinue = false
      },
      onIdentity: ({ key }) => {
        progress.account = key.account
      },
      onRouted: (routed) => {
        progress.routed = routed
        if (!service.has(routed.operation.name)) throw notImplemented(service, routed.operation.name)
      },
    })
    const { routed, identity } = admitted
    const input = await service.protocol.decode(routed, admitted)
    checkInput(service.model, routed.operation, input)
    const context = requestContext(admitted.request, identity, response, progress.requestId, this.#options.now)
    const output = ((await service.call(routed.operation.name, input, context)) ?? {}) as Record<string, unknown>
    const answer = service.protocol.encode(routed, output, progress.requestId)
    return admitted.answer ? admitted.answer(answer, output) : answer
  }

  #toApiError(service: HostedService, thrown: unknown, progress: Progress): ApiError {
    if (thrown instanceof ApiError) return thrown
    const { requestId, routed } = progress
    if (thrown instanceof DiskFull) return diskFull(service, thrown)
    this.#options.log({ requestId, service: service.model.name, operation: routed?.operation.name, error: thrown })
    return internalFailure(service)
  }
}

/** S3's ids have a form of their own. */
function requestIdFor(service: HostedService): string {
  const id = randomUUID()
  return service.protocol.family === 's3' ? id.replaceAll('-', '').slice(0, 16).toUpperCase() : id
}

function addRequestId(answer: Answer, service: HostedService, requestId: string): void {
  if (service.protocol.family === 's3') {
    answer.headers['x-amz-request-id'] = requestId
    answer.headers['x-amz-id-2'] = hostId(requestId)
  } else answer.headers['x-amzn-RequestId'] = requestId
}

/** Signature Version 2 names no service; only S3 still takes it. */
function signingNameOf(request: WireRequest, claim: SignatureClaim | ClaimProblem | undefined): string | undefined {
  if (claim) return 'service' in claim ? claim.service : undefined
  return readUrlClaim(request) ? 's3' : undefined
}
