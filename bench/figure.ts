/** One measured figure beside what it is held against, from one run. */
export interface Figure {
  readonly name: string
  /** Null where this machine lacks what the measurement needs, as `peer` and `ratio` then are. */
  readonly ours: number | null
  readonly peer: number | null
  /** ours / peer */
  readonly ratio: number | null
  readonly unit: string
  /** In words: `ours ≤ 150 ms`. */
  readonly target: string
  /** Null where nothing was measured: neither met nor missed. */
  readonly pass: boolean | null
  /** Why `pass` is null. */
  readonly reason?: string
  /** Samples of each side. */
  readonly n: number
}

export interface Target {
  /** `difference` is ours − peer, in the figure's unit. */
  readonly of: 'ours' | 'ratio' | 'difference'
  readonly atMost?: number
  readonly atLeast?: number
}

interface Measured extends Pick<Figure, 'name' | 'unit' | 'n'> {
  readonly ours: number
  readonly peer: number
  readonly target: Target
}

interface Unmeasured extends Pick<Figure, 'name' | 'unit'> {
  readonly target: Target
  readonly reason: string
}

export function figure({ name, ours, peer, unit, n, target }: Measured): Figure {
  const ratio = ours / peer
  const value = { ours, ratio, difference: ours - peer }[target.of]
  const within =
    value <= (target.atMost ?? Number.POSITIVE_INFINITY) && value >= (target.atLeast ?? Number.NEGATIVE_INFINITY)
  // NaN, from a side without samples, is within nothing.
  return {
    name,
    ours: round(ours),
    peer: round(peer),
    ratio: round(ratio),
    unit,
    target: inWords(target, unit),
    pass: within,
    n,
  }
}

/** A figure that this machine cannot give; `reason` says what it lacks. */
export function unmeasured({ name, unit, target, reason }: Unmeasured): Figure {
  return { name, ours: null, peer: null, ratio: null, unit, target: inWords(target, unit), pass: null, reason, n: 0 }
}

function inWords({ of, atMost, atLeast }: Target, unit: string): string {
  const suffix = of === 'ratio' ? '' : ` ${unit}`
  const what = { ours: 'ours', ratio: 'ours / peer', difference: 'ours − peer' }[of]
  const bounds = [
    ...(atMost === undefined ? [] : [`${what} ≤ ${atMost}${suffix}`]),
    ...(atLeast === undefined ? [] : [`${what} ≥ ${atLeast}${suffix}`]),
  ]
  return bounds.join(', ')
}

/** Four significant digits: more would claim what no run of this kind can know. */
function round(value: number): number {
  return Number(value.toPrecision(4))
}

const columns = ['name', 'ours', 'peer', 'ratio', 'unit', 'target', 'pass', 'n'] as const

/** A line per figure under a heading, for people. */
export function table(figures: readonly Figure[]): string {
  const rows = [columns as readonly string[], ...figures.map((row) => columns.map((column) => cell(row[column])))]
  const widths = columns.map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)))
  const lines = rows.map((row) =>
    row
      .map((text, at) => text.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd(),
  )
  const reasons = figures.flatMap(({ name, reason }) =>
    reason === undefined ? [] : [`${name} was not measured: ${reason}`],
  )
  return [...lines, ...reasons].join('\n')
}

function cell(value: Figure[keyof Figure]): string {
  if (typeof value === 'boolean') return value ? 'pass' : 'FAIL'
  return String(value ?? '–')
}
