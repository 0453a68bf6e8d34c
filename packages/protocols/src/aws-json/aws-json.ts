import { type ServiceModel, structureOf } from '@sagebrush/contract'
import { ApiError } from '@sagebrush/core'
import { collect } from '../body/collect.ts'
import type { AdmittedRequest, Answer, FailureContext, Protocol, RoutedOperation } from '../wire/protocol.ts'
import { decodeStructure, encodeStructure, serializationError } from './json-value.ts'

/** AWS JSON 1.0 and 1.1: `POST /` with X-Amz-Target, everything in the body. */
export class AwsJson implements Protocol {
  readonly family = 'json'
  readonly #model: ServiceModel
  readonly #contentType: string

  constructor(model: ServiceModel) {
    this.#model = model
    this.#contentType = `application/x-amz-json-${model.metadata.jsonVersion ?? '1.1'}`
  }

  route({ request }: AdmittedRequest): RoutedOperation | undefined {
    const target = request.headers['x-amz-target'] ?? ''
    const dot = target.lastIndexOf('.')
    if (request.method !== 'POST' || target.slice(0, dot) !== this.#model.metadata.targetPrefix) return undefined
    const operation = this.#model.operations[target.slice(dot + 1)]
    return operation && { operation, labels: {} }
  }

  async decode({ operation }: RoutedOperation, admitted: AdmittedRequest): Promise<Record<string, unknown>> {
    const value = parseJson(await collect(admitted.body))
    return operation.input
      ? decodeStructure(this.#model, structureOf(this.#model, operation.input.shape), value, '')
      : {}
  }

  encode({ operation }: RoutedOperation, output: Record<string, unknown>): Answer {
    const shape = operation.output && structureOf(this.#model, operation.output.shape)
    return {
      status: operation.http.responseCode,
      headers: { 'Content-Type': this.#contentType },
      // An operation without output answers an empty body.
      body: shape ? JSON.stringify(encodeStructure(this.#model, shape, output)) : '',
    }
  }

  encodeError(error: ApiError, _context: FailureContext): Answer {
    return jsonError(this.#model, error, this.#contentType)
  }

  unknownOperation({ request }: AdmittedRequest): ApiError {
    const target = request.headers['x-amz-target']
    const message = target
      ? `${this.#model.metadata.serviceFullName} has no operation ${target}`
      : `${this.#model.metadata.serviceFullName} takes POST / with the header X-Amz-Target`
    return new ApiError('UnknownOperationException', message, { status: 400 })
  }
}

/** An empty body stands for an empty object, as AWS takes it. */
export function parseJson(body: Uint8Array): unknown {
  if (body.length === 0) return {}
  try {
    return JSON.parse(utf8.decode(body))
  } catch (error) {
    const reason = error instanceof SyntaxError ? error.message : 'it is not UTF-8'
    throw serializationError(`The request body is not JSON: ${reason}`)
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** The modelled members of an exception beside its message, and the name in the places where SDKs look for it. */
export function jsonError(model: ServiceModel, error: ApiError, contentType: string): Answer {
  const shape = model.shapes[error.name]
  const members = shape?.type === 'structure' ? encodeStructure(model, shape, error.members) : {}
  const key = shape?.type === 'structure' && Object.hasOwn(shape.members, 'Message') ? 'Message' : 'message'
  return {
    status: error.status,
    headers: { 'Content-Type': contentType, 'x-amzn-ErrorType': error.name },
    body: JSON.stringify({ __type: error.name, ...members, [key]: error.message }),
  }
}
