/** One measured figure beside what it is held against, from one run. */
export interface Figure {
  readonly name: string
  readonly ours: number
  readonly peer: number
  /** ours / peer */
  readonly ratio: number
  readonly unit: string
  /** In words: `ours ≤ 150 ms`. */
  readonly target: string
  readonly pass: boolean
  /** Samples of each side. */
  readonly n: number
}

export interface Target {
  /** `difference` is ours − peer, in the figure's unit. */
  readonly of: 'ours' | 'ratio' | 'difference'
  readonly atMost?: number
  readonly atLeast?: number
}

interface Measured extends Pick<Figure, 'name' | 'ours' | 'peer' | 'unit' | 'n'> {
  readonly target: Target
}

export function figure({ name, ours, peer, unit, n, target }: Measured): Figure {
  const ratio = ours / peer
  const value = { ours, ratio, difference: ours - peer }[target.of]
  const within =
    value <= (target.atMost ?? Number.POSITIVE_INFINITY) && value >= (target.atLeast ?? Number.NEGATIVE_INFINITY)
  const suffix = target.of === 'ratio' ? '' : ` ${unit}`
  const what = { ours: 'ours', ratio: 'ours / peer', difference: 'ours − peer' }[target.of]
  const bounds = [
    ...(target.atMost === undefined ? [] : [`${what} ≤ ${target.atMost}${suffix}`]),
    ...(target.atLeast === undefined ? [] : [`${what} ≥ ${target.atLeast}${suffix}`]),
  ]
  // NaN, from a side without samples, is within nothing.
  return {
    name,
    ours: round(ours),
    peer: round(peer),
    ratio: round(ratio),
    unit,
    target: bounds.join(', '),
    pass: within,
    n,
  }
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
  return rows
    .map((row) =>
      row
        .map((text, at) => text.padEnd(widths[at] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

function cell(value: Figure[keyof Figure]): string {
  if (typeof value === 'boolean') return value ? 'pass' : 'FAIL'
  return String(value)
}
