import { type MemberModel, type ServiceModel, type StructureShape, shapeOf } from '@sagebrush/contract'
import { parseQuery } from '../wire/percent.ts'
import type { RoutedOperation } from '../wire/protocol.ts'
import { parseScalar } from '../wire/scalars.ts'
import type { WireRequest } from '../wire/wire-request.ts'

/** Tells the protocol what could not be read, which words it as its services do. */
export type BadValue = (wireName: string, value: string, type: string) => Error

/** Members from path, query and headers. */
export function readHttpInput(
  model: ServiceModel,
  shape: StructureShape,
  routed: RoutedOperation,
  request: WireRequest,
  badValue: BadValue,
): Record<string, unknown> {
  const input: Record<string, unknown> = {}
  const query = request.query === '' ? [] : (parseQuery(request.query) ?? [])
  for (const name in shape.members) {
    const member = shape.members[name]
    if (!member?.location) continue
    const wireName = member.locationName ?? name
    let value: unknown
    if (member.location === 'uri') value = routed.labels[wireName]
    else if (member.location === 'header') value = readHeader(model, member, wireName, request, badValue)
    else if (member.location === 'headers') value = readPrefixed(request, wireName.toLowerCase())
    else if (member.location === 'querystring') value = readQueryMember(model, member, wireName, query, badValue)
    if (value !== undefined) input[name] = value
  }
  return input
}

function readHeader(
  model: ServiceModel,
  member: MemberModel,
  name: string,
  request: WireRequest,
  badValue: BadValue,
): unknown {
  const text = request.headers[name.toLowerCase()]
  if (text === undefined) return undefined
  const shape = shapeOf(model, member.shape)
  if (shape.type === 'list') return text.split(',').map((item) => item.trim())
  const value = parseScalar(shape, member, utf8Header(text), 'rfc822')
  if (value === undefined && !PASSED_OVER.has(name.toLowerCase())) throw badValue(name, text, shape.type)
  return value
}

/** A condition whose date cannot be read is none (RFC 9110 §13.1.3 and §13.1.4); S3 too ignores it (minio issue 4082). */
const PASSED_OVER: ReadonlySet<string> = new Set(['if-modified-since', 'if-unmodified-since'])

function readPrefixed(request: WireRequest, prefix: string): Record<string, string> | undefined {
  const out: Record<string, string> = {}
  for (const name in request.headers) {
    if (name.startsWith(prefix) && name.length > prefix.length) {
      out[name.slice(prefix.length)] = utf8Header(request.headers[name] ?? '')
    }
  }
  return Object.keys(out).length === 0 ? undefined : out
}

function readQueryMember(
  model: ServiceModel,
  member: MemberModel,
  name: string,
  query: readonly (readonly [string, string])[],
  badValue: BadValue,
): unknown {
  const values = query.filter(([key]) => key === name).map(([, value]) => value)
  const first = values[0]
  if (first === undefined) return undefined
  const shape = shapeOf(model, member.shape)
  if (shape.type === 'list') return values
  const value = parseScalar(shape, member, first, 'iso8601')
  if (value === undefined) throw badValue(name, first, shape.type)
  return value
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** Header bytes come as one character each; clients send text beyond ASCII as UTF-8. */
function utf8Header(text: string): string {
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) < 0x80) continue
    try {
      return utf8.decode(Buffer.from(text, 'latin1'))
    } catch {
      return text
    }
  }
  return text
}
