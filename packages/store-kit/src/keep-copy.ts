/**
 * A deep copy of what a collection may hold, without undefined members, so that a test that changes its object
 * afterwards, or relies on a class or on an undefined member, sees what a real store would give it.
 */
export function keepCopy(value: unknown, path = 'value'): unknown {
  if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    return value
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) throw new TypeError(`${path} is an invalid Date, which cannot be stored`)
    return new Date(value)
  }
  if (value instanceof Uint8Array) return new Uint8Array(value)
  if (Array.isArray(value)) return value.map((item, i) => (item === undefined ? null : keepCopy(item, `${path}[${i}]`)))
  if (typeof value === 'object') {
    const prototype: unknown = Object.getPrototypeOf(value)
    if (prototype !== null && prototype !== Object.prototype)
      throw new TypeError(`${path} is a ${value.constructor.name}, which cannot be stored: make it plain data`)
    return Object.fromEntries(
      Object.entries(value)
        .filter(([, member]) => member !== undefined)
        .map(([key, member]) => [key, keepCopy(member, `${path}.${key}`)]),
    )
  }
  throw new TypeError(`${path} is a ${typeof value}, which cannot be stored: make it plain data`)
}
