import { type OperationModel, type ServiceModel, structureOf } from '@sagebrush/contract'
import { parseQuery } from '../wire/percent.ts'
import type { RoutedOperation } from '../wire/protocol.ts'
import type { WireRequest } from '../wire/wire-request.ts'
import { matchPath, parseTemplate, type UriTemplate } from './uri-template.ts'

interface Route extends UriTemplate {
  readonly requiredQuery: readonly string[]
  readonly requiredHeaders: readonly string[]
  /** Every query name that the operation has a use for. */
  readonly knownQuery: ReadonlySet<string>
  /** The more a route asks of a request, the earlier it is tried. */
  readonly rank: number
}

/**
 * The operations of a REST service. Several share a method and a path (PutObject, CopyObject, UploadPart); then the
 * one is meant whose fixed query, required query members and required headers are all there.
 */
export class RouteTable {
  readonly #byMethod = new Map<string, Route[]>()
  /** Query names by which any route is told from another: none of them may be left unread. */
  readonly #telling: ReadonlySet<string>

  constructor(model: ServiceModel) {
    const routes = Object.values(model.operations).map((operation) => makeRoute(model, operation))
    this.#telling = new Set(routes.flatMap((route) => [...route.query.map(([name]) => name), ...route.requiredQuery]))
    for (const route of routes.sort((a, b) => b.rank - a.rank)) {
      const { method } = route.operation.http
      this.#byMethod.set(method, [...(this.#byMethod.get(method) ?? []), route])
    }
  }

  match(request: WireRequest): RoutedOperation | undefined {
    const pairs = request.query === '' ? [] : parseQuery(request.query)
    if (!pairs) return undefined
    const query = new Map(pairs)
    const telling = [...query.keys()].filter((name) => this.#telling.has(name))
    for (const route of this.#byMethod.get(request.method) ?? []) {
      if (!route.query.every(([name, value]) => query.has(name) && (value === '' || query.get(name) === value)))
        continue
      if (!route.requiredQuery.every((name) => query.has(name))) continue
      if (!route.requiredHeaders.every((name) => request.headers[name] !== undefined)) continue
      // `PUT /bucket/key?partNumber=1` without its uploadId must not become a PutObject.
      if (!telling.every((name) => route.knownQuery.has(name))) continue
      const labels = matchPath(route, request.path)
      if (labels) return { operation: route.operation, labels }
    }
    return undefined
  }
}

function makeRoute(model: ServiceModel, operation: OperationModel): Route {
  const template = parseTemplate(operation)
  const shape = operation.input && structureOf(model, operation.input.shape)
  const requiredQuery: string[] = []
  const requiredHeaders: string[] = []
  const knownQuery = new Set(template.query.map(([name]) => name))
  for (const [name, member] of Object.entries(shape?.members ?? {})) {
    const required = shape?.required?.includes(name) ?? false
    const wireName = member.locationName ?? name
    if (member.location === 'querystring') {
      knownQuery.add(wireName)
      if (required) requiredQuery.push(wireName)
    } else if (member.location === 'header' && required && ROUTING_HEADERS.has(wireName.toLowerCase())) {
      requiredHeaders.push(wireName.toLowerCase())
    }
  }
  const asked = template.query.length + requiredQuery.length + requiredHeaders.length
  const fixedSegments = template.segments.filter((segment) => segment.kind === 'text').length
  const rank = asked * 10 + fixedSegments * 4 - (operation.deprecated ? 1 : 0)
  return { ...template, requiredQuery, requiredHeaders, knownQuery, rank }
}

/** Headers whose presence makes another operation of a request; the absence of others is a bad request, not another one. */
const ROUTING_HEADERS = new Set(['x-amz-copy-source', 'x-amz-rename-source'])
