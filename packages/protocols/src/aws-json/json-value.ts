import { type MemberModel, type ServiceModel, type Shape, type StructureShape, shapeOf } from '@sagebrush/contract'
import { ApiError } from '@sagebrush/core'
import { lowerFirst } from '../wire/names.ts'
import { formatTime, parseTime } from '../wire/timestamps.ts'

/** Reads a JSON value as the shape has it. Throws SerializationException where a type differs; unknown members are passed over. */
export function decodeJson(model: ServiceModel, member: MemberModel, value: unknown, path: string): unknown {
  const shape = shapeOf(model, member.shape)
  switch (shape.type) {
    case 'structure':
      return shape.document ? value : decodeStructure(model, shape, value, path)
    case 'list': {
      if (!Array.isArray(value)) throw mismatch(value, 'list', path)
      return value.map((item, i) =>
        item === null ? undefined : decodeJson(model, shape.member, item, `${path}.${i + 1}.member`),
      )
    }
    case 'map': {
      const entries = objectEntries(value, path)
      const out: Record<string, unknown> = {}
      for (const [key, item] of entries) {
        define(out, key, item === null ? undefined : decodeJson(model, shape.value, item, `${path}.${key}.member`))
      }
      return out
    }
    default:
      return decodeScalar(shape, member, value, path)
  }
}

export function decodeStructure(model: ServiceModel, shape: StructureShape, value: unknown, path: string) {
  const source = asObject(value, 'structure', path)
  const out: Record<string, unknown> = {}
  for (const name in shape.members) {
    const member = shape.members[name]
    if (!member || member.location) continue
    const wireName = member.locationName ?? name
    const item = Object.hasOwn(source, wireName) ? source[wireName] : undefined
    if (item === undefined || item === null) continue
    out[name] = decodeJson(model, member, item, path === '' ? lowerFirst(name) : `${path}.${lowerFirst(name)}`)
  }
  return out
}

function decodeScalar(shape: Exclude<Shape, StructureShape>, member: MemberModel, value: unknown, path: string) {
  switch (shape.type) {
    case 'string':
      if (typeof value !== 'string') throw mismatch(value, 'a String', path)
      return value
    case 'boolean':
      if (typeof value !== 'boolean') throw mismatch(value, 'a Boolean', path)
      return value
    case 'timestamp': {
      const format = member.timestampFormat ?? shape.timestampFormat ?? 'unixTimestamp'
      const time = typeof value === 'number' || typeof value === 'string' ? parseTime(value, format) : undefined
      if (!time) throw mismatch(value, 'a Timestamp', path)
      return time
    }
    case 'blob':
      if (typeof value !== 'string' || !BASE64.test(value)) throw mismatch(value, 'a ByteBuffer', path)
      return Buffer.from(value, 'base64')
    case 'float':
    case 'double':
    case 'bigdecimal':
      if (typeof value === 'string' && SPECIAL_NUMBERS.has(value)) return Number(value)
      if (typeof value !== 'number') throw mismatch(value, 'a Double', path)
      return value
    default:
      if (typeof value !== 'number' || !Number.isInteger(value)) throw mismatch(value, 'an Integer', path)
      return value
  }
}

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/
const SPECIAL_NUMBERS = new Set(['NaN', 'Infinity', '-Infinity'])

/** Writes a value as the shape has it; members that the shape does not have, and absent ones, are left out. */
export function encodeJson(model: ServiceModel, member: MemberModel, value: unknown): unknown {
  if (value === undefined || value === null) return undefined
  const shape = shapeOf(model, member.shape)
  switch (shape.type) {
    case 'structure':
      return shape.document ? value : encodeStructure(model, shape, value)
    case 'list':
      return Array.from(value as Iterable<unknown>, (item) => encodeJson(model, shape.member, item) ?? null)
    case 'map': {
      const out: Record<string, unknown> = {}
      for (const [key, item] of Object.entries(value)) define(out, key, encodeJson(model, shape.value, item))
      return out
    }
    case 'timestamp':
      return formatTime(value as Date, member.timestampFormat ?? shape.timestampFormat ?? 'unixTimestamp')
    case 'blob':
      return Buffer.from(value as Uint8Array).toString('base64')
    case 'float':
    case 'double':
      return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value
    default:
      return value
  }
}

export function encodeStructure(model: ServiceModel, shape: StructureShape, value: unknown): Record<string, unknown> {
  const source = value as Record<string, unknown>
  const out: Record<string, unknown> = {}
  for (const name in shape.members) {
    const member = shape.members[name]
    if (!member || member.location) continue
    const encoded = encodeJson(model, member, source[name])
    if (encoded !== undefined) out[member.locationName ?? name] = encoded
  }
  return out
}

/** `__proto__` as a map's key is a key and nothing else. */
function define(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key === '__proto__') {
    Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true })
  } else target[key] = value
}

function objectEntries(value: unknown, path: string): [string, unknown][] {
  return Object.entries(asObject(value, 'map', path))
}

function asObject(value: unknown, wanted: 'map' | 'structure', path: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw mismatch(value, wanted, path)
  return value as Record<string, unknown>
}

/** What AWS says of a scalar in the place of these. */
const NESTED: Readonly<Record<string, string>> = {
  list: 'Expected list or null',
  map: 'Expected map or null',
  structure: 'Expected null',
}

/**
 * AWS's own words, the same for all services of its framework, as the tests of github.com/architect/dynalite have
 * them from DynamoDB (test/helpers.js, assertType), oddities included; services differ in how they call a scalar. AWS
 * does not say where it was: we add that.
 */
function mismatch(value: unknown, wanted: string, path: string): ApiError {
  const at = path === '' ? '' : ` (at '${path}')`
  if (Array.isArray(value)) return serializationError(`Start of list found where not expected${at}`)
  if (typeof value === 'object' && value !== null) {
    return serializationError(`Start of structure or map found where not expected.${at}`)
  }
  return serializationError(`${NESTED[wanted] ?? `${tokenName(value)} can not be converted to ${wanted}`}${at}`)
}

function tokenName(value: unknown): string {
  if (value === true) return 'TRUE_VALUE'
  if (value === false) return 'FALSE_VALUE'
  if (typeof value === 'number') return 'NUMBER_VALUE'
  return value === null ? 'NULL_VALUE' : 'STRING_VALUE'
}

export function serializationError(message: string): ApiError {
  return new ApiError('SerializationException', message, { status: 400 })
}
