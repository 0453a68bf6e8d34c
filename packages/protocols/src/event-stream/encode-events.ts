import { type ServiceModel, type StructureShape, shapeOf, structureOf } from '@sagebrush/contract'
import { ApiError } from '@sagebrush/core'
import { encodeStructure } from '../aws-json/json-value.ts'
import { AnsweredFailure } from '../wire/answered-failure.ts'
import { encodeMessage } from './encode-message.ts'

/**
 * The events of a union as messages, each as soon as it is there. What the source throws becomes the last message:
 * an ApiError under its own name, anything else as `InternalStreamFailure` without detail.
 */
export async function* encodeEvents(
  model: ServiceModel,
  union: StructureShape,
  events: AsyncIterable<Readonly<Record<string, unknown>>>,
): AsyncGenerator<Uint8Array, void> {
  try {
    for await (const event of events) {
      for (const name in union.members) {
        const member = union.members[name]
        const value = event[name]
        if (member && value !== undefined)
          yield encodeEvent(model, name, member.shape, value as Record<string, unknown>)
      }
    }
  } catch (error) {
    if (error instanceof ApiError) {
      const shape = model.shapes[error.name]
      const members = shape?.type === 'structure' ? encodeStructure(model, shape, error.members) : {}
      yield exception(error.name, { ...members, Message: error.message })
      return
    }
    yield exception('InternalStreamFailure', {
      Message: 'The request processing has failed because of an unknown error.',
    })
    throw new AnsweredFailure(error)
  }
}

function encodeEvent(
  model: ServiceModel,
  name: string,
  shapeName: string,
  value: Readonly<Record<string, unknown>>,
): Buffer {
  const shape = structureOf(model, shapeName)
  if (shape.error) return exception(name, encodeStructure(model, shape, value))
  const headers: Record<string, string> = { ':message-type': 'event', ':event-type': name }
  const payload = Object.entries(shape.members).find(([, member]) => member.eventpayload)
  if (!payload) {
    headers[':content-type'] = 'application/json'
    return encodeMessage(headers, Buffer.from(JSON.stringify(encodeStructure(model, shape, value))))
  }
  const [payloadName, member] = payload
  const bytes = value[payloadName]
  const isBlob = shapeOf(model, member.shape).type === 'blob'
  headers[':content-type'] = isBlob ? 'application/octet-stream' : 'text/plain'
  return encodeMessage(headers, bytes instanceof Uint8Array ? bytes : Buffer.from(String(bytes ?? '')))
}

function exception(name: string, members: Record<string, unknown>): Buffer {
  return encodeMessage(
    { ':message-type': 'exception', ':exception-type': name, ':content-type': 'application/json' },
    Buffer.from(JSON.stringify(members)),
  )
}
