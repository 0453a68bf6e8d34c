import type { CollectionSpec, IndexValue, Scope } from '@sagebrush/core'

export const scope: Scope = { account: '111122223333', region: 'us-east-1' }
/** The same names mean other rows here. */
export const otherScopes: readonly Scope[] = [
  { account: '444455556666', region: 'us-east-1' },
  { account: '111122223333', region: 'eu-west-1' },
]

export interface Thing {
  readonly size: number
  readonly kind: string
  readonly made: Date
  readonly label?: IndexValue
}

export const things: CollectionSpec<Thing> = {
  name: 'things',
  index: {
    size: ({ size }) => size,
    kind: ({ kind }) => kind,
    made: ({ made }) => made.getTime(),
    label: ({ label }) => label,
  },
}

export function thing(size: number, more: Partial<Thing> = {}): Thing {
  return { size, kind: 'plain', made: new Date(size * 1_000), ...more }
}

/** Names whose order by UTF-16 units, by locale and by UTF-8 bytes all differ. */
export const oddNames = [
  'a',
  'B',
  'a/',
  'a/b',
  'a//b',
  'ä',
  'z',
  '～',
  '\u{1F600}',
  '\u{FFFD}',
  '\u{10FFFF}',
  'a b',
  'a\tb',
  'a\u0000b',
  '%',
  '_',
  "'",
  '"',
  '..',
  '../a',
]

/** A generator of the same numbers for the same seed, in [0, 1). */
export function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}
