import { type ServiceModel, type StructureShape, shapeOf, structureOf } from '@sagebrush/contract'
import type { ApiError } from '@sagebrush/core'
import { collect } from '../body/collect.ts'
import type { ServiceFamily } from '../sigv4/refusals.ts'
import type { AdmittedRequest, Answer, FailureContext, Protocol, RoutedOperation } from '../wire/protocol.ts'
import { readHttpInput } from './http-input.ts'
import { inputPayload, type PayloadMember } from './payload.ts'
import { RouteTable } from './route-table.ts'

/** What the REST protocols have in common: the operation by method and path, input from all places of a request. */
export abstract class RestProtocol implements Protocol {
  abstract readonly family: ServiceFamily
  protected readonly model: ServiceModel
  readonly #routes: RouteTable

  constructor(model: ServiceModel) {
    this.model = model
    this.#routes = new RouteTable(model)
  }

  route({ request }: AdmittedRequest): RoutedOperation | undefined {
    return this.#routes.match(request)
  }

  async decode(routed: RoutedOperation, admitted: AdmittedRequest): Promise<Record<string, unknown>> {
    const { operation } = routed
    if (!operation.input) return {}
    const shape = structureOf(this.model, operation.input.shape)
    const input = readHttpInput(this.model, shape, routed, admitted.request, this.badValue)
    const payload = inputPayload(this.model, operation)
    if (!payload) return { ...input, ...(await this.decodeBody(shape, admitted)) }
    const { type } = shapeOf(this.model, payload.member.shape)
    if (type === 'blob') return { ...input, [payload.name]: admitted.body }
    const body = await collect(admitted.body)
    if (type === 'string') input[payload.name] = Buffer.from(body).toString('utf8')
    else if (body.length > 0) input[payload.name] = this.decodePayload(payload, body)
    return input
  }

  abstract encode(routed: RoutedOperation, output: Record<string, unknown>, requestId: string): Answer
  abstract encodeError(error: ApiError, context: FailureContext): Answer
  abstract unknownOperation(admitted: AdmittedRequest): ApiError

  /** A value in the path, the query or a header that is not of its type. */
  protected abstract badValue(name: string, value: string, type: string): ApiError
  /** The members without a place of their own, of an input without a payload member. */
  protected abstract decodeBody(shape: StructureShape, admitted: AdmittedRequest): Promise<Record<string, unknown>>
  /** The member that is the whole body, which is not empty. */
  protected abstract decodePayload(payload: PayloadMember, body: Uint8Array): unknown
}
