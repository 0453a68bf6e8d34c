import { checkJob } from './check-job.ts'
import type { Lab } from './lab.ts'
import { workOf } from './lab.ts'
import type { Options, Outcome } from './scenario.ts'

/** What a run has done and found so far. */
export class Findings {
  readonly failures: string[] = []
  readonly figures: Record<string, number | string> = {}
  readonly #histogram: Record<string, number>
  readonly #times = new Map<string, number[]>()

  constructor(kinds: readonly string[]) {
    this.#histogram = Object.fromEntries(kinds.map((kind) => [kind, 0]))
  }

  count(kind: string): void {
    this.#histogram[kind] = (this.#histogram[kind] ?? 0) + 1
  }

  time(what: string, ms: number): void {
    this.#times.set(what, [...(this.#times.get(what) ?? []), ms])
  }

  /** Runs a check; what it throws is a failure, and the run goes on. */
  async hold(what: string, check: () => Promise<unknown>): Promise<void> {
    try {
      await check()
    } catch (error) {
      this.failures.push(`${what}: ${error instanceof Error ? error.message : error}`)
    }
  }

  /** Waits for the end of every job, and holds it, its log and its artifact against what they must be. */
  async checkAll(lab: Lab, options: Options): Promise<void> {
    let lines = 0
    let bytes = 0
    const ends: Record<string, number> = {}
    for (const job of lab.fleet.jobs) {
      await this.hold('job', async () => {
        const checked = await checkJob(lab.clients, lab.fleet, job, workOf(options).channelObjects)
        lines += checked.lines
        bytes += checked.artifactBytes
        ends[checked.ending] = (ends[checked.ending] ?? 0) + 1
      })
    }
    this.figures['jobs at their right end'] = Object.entries(ends)
      .map(([ending, count]) => `${count} ${ending}`)
      .join(', ')
    this.figures['log lines, each once and in order'] = lines
    this.figures['artifact bytes, by sha256'] = bytes
    await this.hold('objects', async () => {
      this.figures['acknowledged objects read back'] = await lab.load.checkObjects()
    })
    this.figures['right answers of the endpoint'] = lab.load.answers
    this.figures['requests refused or cut off by kills'] = lab.load.excused
    this.failures.push(...lab.load.failures.slice(0, 20))
  }

  outcome(): Outcome {
    const times = [...this.#times].map(([what, ms]) => {
      const sorted = ms.toSorted((a, b) => a - b)
      const [median = 0, most = 0] = [sorted[Math.floor(sorted.length / 2)], sorted.at(-1)]
      return [what, `median ${Math.round(median)} ms, most ${Math.round(most)} ms`]
    })
    return {
      histogram: this.#histogram,
      figures: { ...Object.fromEntries(times), ...this.figures },
      failures: this.failures,
    }
  }
}
