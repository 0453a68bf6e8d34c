import type { ServiceModel, Shape } from '@sagebrush/contract'

/** Names that a generated type must not take: TypeScript's own, and globals that it would shadow in its importers. */
const reserved = new Set(
  `any bigint boolean never null number object string symbol undefined unknown void
  Array AsyncIterable AsyncIterator BigInt Blob Boolean Buffer Date Error Event EventTarget Function Iterable Iterator
  JSON Map Math Number Object Omit Partial Pick Promise Proxy Readable Readonly Record RegExp Request Required Response
  Set String Symbol Uint8Array URL WeakMap WeakSet Empty`.split(/\s+/),
)

/**
 * Type name by shape name, for the shapes that get a declaration: the model's own spelling, with the service's name in
 * front where that is reserved (S3's `Error` and `Object` become `S3Error` and `S3Object`).
 */
export function typeNames(model: ServiceModel, typeName: string): Map<string, string> {
  const names = new Map<string, string>()
  const taken = new Set([`${typeName}Operations`])
  for (const [shapeName, shape] of Object.entries(model.shapes)) {
    if (!isDeclared(shape)) continue
    const name = reserved.has(shapeName) ? `${typeName}${shapeName}` : shapeName
    if (taken.has(name)) throw new Error(`${model.name}: two types would be called ${name}`)
    taken.add(name)
    names.set(shapeName, name)
  }
  return names
}

function isDeclared(shape: Shape): boolean {
  if (shape.type === 'string') return shape.enum !== undefined
  return shape.type === 'list' || shape.type === 'map' || (shape.type === 'structure' && !shape.document)
}
