import { type MemberModel, type OperationModel, type ServiceModel, shapeOf, structureOf } from '@sagebrush/contract'

export interface PayloadMember {
  readonly name: string
  readonly member: MemberModel
}

/** The member that is the whole body of a request, if the operation has one. */
export function inputPayload(model: ServiceModel, operation: OperationModel): PayloadMember | undefined {
  return payloadOf(model, operation.input?.shape)
}

export function outputPayload(model: ServiceModel, operation: OperationModel): PayloadMember | undefined {
  return payloadOf(model, operation.output?.shape)
}

function payloadOf(model: ServiceModel, shapeName: string | undefined): PayloadMember | undefined {
  const shape = shapeName === undefined ? undefined : structureOf(model, shapeName)
  const name = shape?.payload
  const member = name === undefined ? undefined : shape?.members[name]
  return name !== undefined && member ? { name, member } : undefined
}

/** True where the operation takes its body part by part, so that it is never held whole. */
export function streamsInput(model: ServiceModel, operation: OperationModel): boolean {
  const payload = inputPayload(model, operation)
  if (!payload) return false
  const shape = shapeOf(model, payload.member.shape)
  return shape.type === 'blob' && (payload.member.streaming ?? shape.streaming ?? false)
}
