/** Member names and list positions, from the outside in. */
export type JsonPath = readonly (string | number)[]

/** Reads `$.a.b[0]['c']`. */
export function readPath(text: string): JsonPath {
  return Array.from(text.matchAll(/\.([\w@-]+)|\[(\d+)\]|\["?([^\]"]*)"?\]/g), ([, name, position, quoted]) =>
    position === undefined ? (name ?? quoted ?? '') : Number(position),
  )
}

export function valueAt(document: unknown, path: JsonPath): unknown {
  let value: unknown = document
  for (const step of path) {
    if (Array.isArray(value)) value = typeof step === 'number' ? value[step] : undefined
    else if (isRecord(value)) value = Object.hasOwn(value, step) ? value[step] : undefined
    else return undefined
  }
  return value
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
