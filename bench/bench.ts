import type { Figure } from './figure.ts'

/** A bench yields each figure as soon as it is known; `say` is for progress, which goes to stderr. */
export interface Bench {
  readonly name: string
  readonly measures: string
  run(say: (text: string) => void): AsyncIterable<Figure>
}
