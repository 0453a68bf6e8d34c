import type { ErrorModel, OperationModel, ServiceMetadata, ServiceModel, Shape } from '@sagebrush/contract'
import {
  httpTraits,
  inputTraits,
  memberTraits,
  metadataTraits,
  operationTraits,
  outputTraits,
  pick,
  type Raw,
  serviceTraits,
  shapeTraits,
} from './traits.ts'

/** The run-time model of a published `service-2.json`: facts kept, prose and client-side rules left out. */
export function compactModel(name: string, published: unknown): ServiceModel {
  const raw = pick(object(published, name), serviceTraits, name)
  const operations = mapValues(raw.operations, `${name}.operations`, compactOperation)
  const shapes = mapValues(raw.shapes, `${name}.shapes`, compactShape)
  return { name, metadata: compactMetadata(raw.metadata, `${name}.metadata`), operations, shapes }
}

function compactMetadata(raw: unknown, where: string): ServiceMetadata {
  const kept = pick(object(raw, where), metadataTraits, where)
  kept.signingName ??= kept.endpointPrefix
  kept.protocols ??= [kept.protocol]
  if (kept.awsQueryCompatible) kept.awsQueryCompatible = true
  return kept as unknown as ServiceMetadata
}

function compactOperation(raw: Raw, where: string): OperationModel {
  const kept = pick(raw, operationTraits, where)
  kept.http = { ...pick(object(kept.http, where), httpTraits, `${where}.http`) }
  kept.http = { responseCode: 200, ...(kept.http as object) }
  if (kept.input) kept.input = pick(object(kept.input, where), inputTraits, `${where}.input`)
  if (kept.output) kept.output = pick(object(kept.output, where), outputTraits, `${where}.output`)
  kept.errors = ((kept.errors ?? []) as Raw[]).map((error) => error.shape)
  return kept as unknown as OperationModel
}

function compactShape(raw: Raw, where: string, name: string): Shape {
  const table = shapeTraits[String(raw.type)]
  if (!table) throw new Error(`${where}: unknown type ${raw.type}; add it to shapeTraits, Shape and generate/types.ts`)
  const { exception, error, fault, ...kept } = pick(raw, table, where)
  if (kept.members) kept.members = mapValues(kept.members, where, compactMember)
  for (const part of ['member', 'key', 'value']) {
    if (kept[part]) kept[part] = compactMember(object(kept[part], where), `${where}.${part}`)
  }
  if (Array.isArray(kept.required) && kept.required.length === 0) delete kept.required
  if (exception) kept.error = compactError(name, (error ?? {}) as Raw, fault === true)
  return kept as unknown as Shape
}

function compactMember(raw: Raw, where: string): Record<string, unknown> {
  return pick(raw, memberTraits, where)
}

function compactError(name: string, raw: Raw, fault: boolean): ErrorModel {
  const status = raw.httpStatusCode as number | undefined
  const server = fault || raw.senderFault === false || (status !== undefined && status >= 500)
  return {
    code: (raw.code as string | undefined) ?? name,
    ...(status === undefined ? {} : { httpStatusCode: status }),
    fault: server ? 'server' : 'client',
  }
}

function mapValues<T>(raw: unknown, where: string, each: (value: Raw, where: string, key: string) => T) {
  const entries = Object.entries(object(raw, where))
  return Object.fromEntries(
    entries.map(([key, value]) => [key, each(object(value, `${where}.${key}`), `${where}.${key}`, key)]),
  ) as Record<string, T>
}

function object(value: unknown, where: string): Raw {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error(`${where}: not an object`)
  return value as Raw
}
