/** One configurable value: how it is read, what it may be, and what it is when nobody says anything. */
export interface Setting<T> {
  readonly describe: string
  readonly fallback: T
  /** Throws an Error whose message says what the value must be. `value` is text from a flag or the environment, or plain YAML data. */
  readonly read: (value: unknown) => T
}

export function text(fallback: string, describe: string): Setting<string> {
  return {
    describe,
    fallback,
    read: (value) => {
      if (typeof value === 'string') return value
      throw new Error('must be text')
    },
  }
}

/** `form` says in words what `pattern` takes. A number in a file stands for its digits. */
export function matching(fallback: string, pattern: RegExp, form: string, describe: string): Setting<string> {
  return {
    describe,
    fallback,
    read: (value) => {
      const given = typeof value === 'number' ? String(value) : value
      if (typeof given === 'string' && pattern.test(given)) return given
      throw new Error(`must be ${form}`)
    },
  }
}

export function integer(fallback: number, minimum: number, maximum: number, describe: string): Setting<number> {
  return {
    describe,
    fallback,
    read: (value) => {
      const number = typeof value === 'string' && /^-?\d+$/.test(value.trim()) ? Number(value) : value
      if (typeof number === 'number' && Number.isInteger(number) && number >= minimum && number <= maximum)
        return number
      throw new Error(`must be a whole number from ${minimum} to ${maximum}`)
    },
  }
}

export function flag(fallback: boolean, describe: string): Setting<boolean> {
  return {
    describe,
    fallback,
    read: (value) => {
      if (value === true || value === 'true' || value === '1' || value === 'yes') return true
      if (value === false || value === 'false' || value === '0' || value === 'no') return false
      throw new Error('must be true or false')
    },
  }
}

export function oneOf<const T extends string>(
  fallback: NoInfer<T>,
  values: readonly T[],
  describe: string,
): Setting<T> {
  return {
    describe: `${describe} (${values.join(', ')})`,
    fallback,
    read: (value) => {
      const found = values.find((candidate) => candidate === value)
      if (found !== undefined) return found
      throw new Error(`must be one of ${values.join(', ')}`)
    },
  }
}

/** A YAML list of texts; in a flag or the environment, commas between them. */
export function list(fallback: readonly string[], describe: string): Setting<readonly string[]> {
  return {
    describe,
    fallback,
    read: (value) => {
      if (typeof value === 'string')
        return value
          .split(',')
          .map((item) => item.trim())
          .filter((item) => item !== '')
      if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value
      throw new Error('must be a list of texts')
    },
  }
}
