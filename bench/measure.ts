export function median(values: readonly number[]): number {
  return percentile(values, 50)
}

/** Of the sorted values, the smallest that at least `percent` of them do not exceed; NaN of none. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? Number.NaN
}

export interface Samples {
  readonly ours: readonly number[]
  readonly peer: readonly number[]
}

/** `n` samples of each side in turns, so that what else the machine does falls on both alike. */
export async function alternate(
  n: number,
  ours: (round: number) => Promise<number>,
  peer: (round: number) => Promise<number>,
): Promise<Samples> {
  const samples = { ours: [] as number[], peer: [] as number[] }
  for (let round = 0; round < n; round++) {
    // Who comes first changes too: the second may find caches warm.
    const order = round % 2 === 0 ? (['ours', 'peer'] as const) : (['peer', 'ours'] as const)
    for (const side of order) samples[side].push(await (side === 'ours' ? ours(round) : peer(round)))
  }
  return samples
}

/** Milliseconds that `work` takes. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now()
  await work()
  return performance.now() - started
}

/** Calls `probe` until it gives something, and fails at the deadline with what was waited for. */
export async function until<T>(
  what: string,
  probe: () => Promise<T | undefined>,
  options: { everyMs: number; limitMs: number },
): Promise<T> {
  const deadline = performance.now() + options.limitMs
  for (;;) {
    const found = await probe()
    if (found !== undefined) return found
    if (performance.now() > deadline) throw new Error(`${what}: not within ${options.limitMs / 1000} s`)
    await new Promise((resolve) => setTimeout(resolve, options.everyMs))
  }
}
