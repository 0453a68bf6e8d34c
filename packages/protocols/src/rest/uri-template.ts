import type { OperationModel } from '@sagebrush/contract'
import { decodePercent, parseQuery } from '../wire/percent.ts'

/** An operation's method and path as a matcher of requests. */
export interface UriTemplate {
  readonly operation: OperationModel
  readonly segments: readonly Segment[]
  /** The fixed query: `list-type=2`, or `uploads` alone. */
  readonly query: readonly (readonly [name: string, value: string])[]
}

type Segment =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'label'; readonly name: string }
  | { readonly kind: 'greedy'; readonly name: string }

export function parseTemplate(operation: OperationModel): UriTemplate {
  const [path = '/', query = ''] = operation.http.requestUri.split('?')
  const segments = path
    .slice(1)
    .split('/')
    .filter((text) => text !== '')
    .map((text): Segment => {
      if (!text.startsWith('{')) return { kind: 'text', text }
      return text.endsWith('+}')
        ? { kind: 'greedy', name: text.slice(1, -2) }
        : { kind: 'label', name: text.slice(1, -1) }
    })
  return { operation, segments, query: parseQuery(query) ?? [] }
}

/** The labels where the path fits the template; a label is never empty. */
export function matchPath(template: UriTemplate, path: string): Record<string, string> | undefined {
  const labels: Record<string, string> = {}
  const parts = path.slice(1).split('/')
  // `/`, and `/bucket/`: a slash at the end stands for nothing, unless a greedy label takes it.
  const takesRest = template.segments.at(-1)?.kind === 'greedy'
  if (!takesRest && parts.at(-1) === '' && parts.length === template.segments.length + 1) parts.pop()
  for (const [i, segment] of template.segments.entries()) {
    if (segment.kind === 'greedy') return takeLabel(labels, segment.name, parts.slice(i).join('/')) ? labels : undefined
    const part = parts[i]
    if (part === undefined || part === '') return undefined
    if (segment.kind === 'text' ? part !== segment.text : !takeLabel(labels, segment.name, part)) return undefined
  }
  return parts.length === template.segments.length ? labels : undefined
}

function takeLabel(labels: Record<string, string>, name: string, encoded: string): boolean {
  const text = encoded === '' ? undefined : decodePercent(encoded, false)
  if (text === undefined) return false
  labels[name] = text
  return true
}
