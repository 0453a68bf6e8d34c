import type { engineNames } from './engines.ts'

export interface Options {
  readonly kills: number
  readonly engine: (typeof engineNames)[number]
  readonly seed: number
  /** Less work in each job, for the tests. */
  readonly short: boolean
  /** Leaves the home of a run that broke off, to be looked into. */
  readonly keep: boolean
}

/** What a run found. */
export interface Report {
  readonly scenario: string
  readonly engine: string
  readonly seed: number
  readonly seconds: number
  /** How often each kind of harm was done. */
  readonly histogram: Readonly<Record<string, number>>
  /** Counts and times, in the order of their showing. */
  readonly figures: Readonly<Record<string, number | string>>
  /** What does not hold; empty where all does. */
  readonly failures: readonly string[]
}

export interface Outcome extends Pick<Report, 'histogram' | 'figures' | 'failures'> {}

export interface Scenario {
  readonly name: string
  readonly does: string
  /** Why it cannot run here, in words. */
  lacks(options: Pick<Options, 'engine'>): string | undefined
  /** `say` is for progress. What breaks the run off is among the failures. */
  run(options: Options, say: (text: string) => void): Promise<Outcome>
}
