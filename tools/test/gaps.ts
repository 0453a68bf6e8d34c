import type { Capability } from './capabilities.ts'
import { isRequired, lacking } from './requires.ts'

export interface Gap {
  readonly name: Capability
  readonly why: string
  readonly required: boolean
}

export function findGaps(names: Iterable<Capability>): readonly Gap[] {
  return [...names].flatMap((name) => {
    const why = lacking(name)
    return why ? [{ name, why, required: isRequired(name) }] : []
  })
}

/** Loud on purpose: a skipped test is a promise that nobody checked on this machine. */
export function describeGaps(gaps: readonly Gap[]): string {
  if (gaps.length === 0) return ''
  const rows = gaps.map(
    ({ name, why, required }) =>
      `!!  ${name}${required ? ' (required)' : ''}\n!!      ${why.replace(/^needs [\w-]+ /, '')}`,
  )
  const bar = '!'.repeat(78)
  return [bar, '!!  This machine lacks what some tests need:', '!!', ...rows, bar].join('\n')
}
