/** A client finds its value again by its beginning; a message need not carry megabytes. */
const SHOWN = 4096

/** A value as AWS's messages show it, which is Java's `toString`: `[a, b]`, `{key=value}`. */
export function showValue(value: unknown): string {
  const text = toText(value)
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text
}

function toText(value: unknown): string {
  if (value === undefined || value === null) return 'null'
  if (value instanceof Date) return value.toISOString()
  if (value instanceof Uint8Array) return `${value.length} bytes`
  if (Array.isArray(value)) return `[${value.map(toText).join(', ')}]`
  if (typeof value === 'object') {
    return `{${Object.entries(value)
      .map(([key, item]) => `${key}=${toText(item)}`)
      .join(', ')}}`
  }
  return String(value)
}
