/** Numbers that a seed decides, so that a run can be done again. */
export class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** In [0, 1): mulberry32. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }

  /** A whole number from 0 to below `end`. */
  below(end: number): number {
    return Math.floor(this.next() * end)
  }

  shuffled<T>(items: readonly T[]): T[] {
    const drawn = items.map((item) => ({ item, at: this.next() }))
    return drawn.sort((a, b) => a.at - b.at).map(({ item }) => item)
  }
}

/** `count` kinds in random order, each as often as the others or once more. */
export function spread<T>(kinds: readonly T[], count: number, random: Random): T[] {
  const plan: T[] = []
  while (plan.length < count) plan.push(...random.shuffled(kinds).slice(0, count - plan.length))
  return random.shuffled(plan)
}
