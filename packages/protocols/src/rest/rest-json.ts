import { type StructureShape, shapeOf, structureOf } from '@sagebrush/contract'
import { ApiError } from '@sagebrush/core'
import { jsonError, parseJson } from '../aws-json/aws-json.ts'
import { decodeJson, decodeStructure, encodeJson, encodeStructure, serializationError } from '../aws-json/json-value.ts'
import { collect } from '../body/collect.ts'
import { encodeEvents } from '../event-stream/encode-events.ts'
import type { AdmittedRequest, Answer, AnswerBody, FailureContext, RoutedOperation } from '../wire/protocol.ts'
import { writeHttpOutput } from './http-output.ts'
import { outputPayload, type PayloadMember } from './payload.ts'
import { RestProtocol } from './rest-protocol.ts'

const JSON_TYPE = 'application/json'

/** REST with JSON bodies, or with one member as the body. */
export class RestJson extends RestProtocol {
  readonly family = 'rest-json'

  protected badValue(name: string, value: string, type: string): ApiError {
    return serializationError(`'${value}' in ${name} is no ${type}`)
  }

  protected async decodeBody(shape: StructureShape, admitted: AdmittedRequest): Promise<Record<string, unknown>> {
    const body = await collect(admitted.body)
    return body.length === 0 ? {} : decodeStructure(this.model, shape, parseJson(body), '')
  }

  protected decodePayload({ name, member }: PayloadMember, body: Uint8Array): unknown {
    return decodeJson(this.model, member, parseJson(body), name)
  }

  encode({ operation }: RoutedOperation, output: Record<string, unknown>): Answer {
    if (!operation.output) return { status: operation.http.responseCode, headers: {}, body: '' }
    const shape = structureOf(this.model, operation.output.shape)
    const { headers, status } = writeHttpOutput(this.model, shape, output)
    const payload = outputPayload(this.model, operation)
    let body: AnswerBody
    let contentType: string | undefined
    if (!payload) {
      body = JSON.stringify(encodeStructure(this.model, shape, output))
      contentType = JSON_TYPE
    } else {
      const value = output[payload.name]
      const payloadShape = shapeOf(this.model, payload.member.shape)
      if (payloadShape.type === 'structure' && payloadShape.eventstream) {
        body = encodeEvents(this.model, payloadShape, value as AsyncIterable<Record<string, unknown>>)
        contentType = 'application/vnd.amazon.eventstream'
      } else if (payloadShape.type === 'blob' || payloadShape.type === 'string') {
        body = value as AnswerBody
      } else {
        body = JSON.stringify(encodeJson(this.model, payload.member, value) ?? {})
        contentType = JSON_TYPE
      }
    }
    if (contentType !== undefined) headers['Content-Type'] ??= contentType
    return { status: status ?? operation.http.responseCode, headers, body }
  }

  encodeError(error: ApiError, _context: FailureContext): Answer {
    return jsonError(this.model, error, JSON_TYPE)
  }

  unknownOperation({ request }: AdmittedRequest): ApiError {
    return new ApiError(
      'UnknownOperationException',
      `${this.model.metadata.serviceFullName} has no operation at ${request.method} ${request.path}`,
      { status: 404 },
    )
  }
}
