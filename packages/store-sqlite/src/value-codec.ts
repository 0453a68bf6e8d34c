import type { Members } from '@sagebrush/core'

/**
 * Values as JSON, with what JSON lacks as objects of one `$` key: `{"$date": ms}`, `{"$bytes": base64}`,
 * `{"$number": "NaN"}`. A key of the value's own that begins with `$` is written with one more.
 */
export function encodeValue(value: unknown): string {
  return JSON.stringify(tagged(value, 'value'))
}

export function decodeValue(json: string): unknown {
  const value: unknown = JSON.parse(json)
  return json.includes('"$') ? untagged(value) : value
}

/** The members under the names that their encoded values have. */
export function encodeMembers(members: Members): Members {
  return Object.fromEntries(
    Object.entries(members).map(([name, wanted]) => [
      encodeKey(name),
      typeof wanted === 'object' ? encodeMembers(wanted) : wanted,
    ]),
  )
}

function encodeKey(key: string): string {
  return key.startsWith('$') ? `$${key}` : key
}

function tagged(value: unknown, path: string): unknown {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value
  if (typeof value === 'number') return Number.isFinite(value) ? value : { $number: String(value) }
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) throw new TypeError(`${path} is an invalid Date, which cannot be stored`)
    return { $date: value.getTime() }
  }
  if (value instanceof Uint8Array) return { $bytes: Buffer.from(value).toString('base64') }
  if (Array.isArray(value)) return value.map((item, i) => (item === undefined ? null : tagged(item, `${path}[${i}]`)))
  if (typeof value !== 'object')
    throw new TypeError(`${path} is a ${typeof value}, which cannot be stored: make it plain data`)
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== null && prototype !== Object.prototype)
    throw new TypeError(`${path} is a ${value.constructor.name}, which cannot be stored: make it plain data`)
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .map(([key, member]) => [encodeKey(key), tagged(member, `${path}.${key}`)]),
  )
}

function untagged(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(untagged)
  const entries = Object.entries(value)
  const [key, content] = entries[0] ?? []
  if (key === '$date' && typeof content === 'number') return new Date(content)
  if (key === '$bytes' && typeof content === 'string') return new Uint8Array(Buffer.from(content, 'base64'))
  if (key === '$number') return Number(content)
  return Object.fromEntries(
    entries.map(([name, member]) => [name.startsWith('$$') ? name.slice(1) : name, untagged(member)]),
  )
}
