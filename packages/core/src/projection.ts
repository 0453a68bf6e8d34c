/** What stays whole where it is wanted at all. */
type Leaf = string | number | boolean | null | Date | Uint8Array

/**
 * Which members of a value are wanted: whole (`true`), only the last element of an array (`'last'`), or of an object
 * some members in turn.
 */
export type Projection<T> = {
  readonly [K in keyof T]?:
    | true
    | (NonNullable<T[K]> extends readonly unknown[]
        ? 'last'
        : NonNullable<T[K]> extends Leaf
          ? never
          : Projection<NonNullable<T[K]>>)
}

/** A `T` of which only `P` was read. An array that was asked for by `'last'` holds that element alone. */
export type Projected<T, P> = {
  readonly [K in keyof T as K extends keyof P ? K : never]: K extends keyof P
    ? P[K] extends true | 'last'
      ? T[K]
      : Projected<NonNullable<T[K]>, P[K]> | Extract<T[K], undefined>
    : never
}

/** The projection without its types, as adapters pass it on. */
export interface Members {
  readonly [member: string]: true | 'last' | Members | undefined
}

/** The wanted members of plain data, not copied. What is no object is itself. */
export function project(value: unknown, members: Members): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  const found: Record<string, unknown> = {}
  for (const [name, wanted] of Object.entries(members)) {
    if (wanted === undefined || !Object.hasOwn(value, name)) continue
    const member: unknown = (value as Record<string, unknown>)[name]
    if (wanted === true) found[name] = member
    else if (wanted === 'last') found[name] = Array.isArray(member) ? member.slice(-1) : member
    else found[name] = project(member, wanted)
  }
  return found
}
