import { afterAll, afterEach, beforeAll, describe } from 'vitest'
import { commandCases } from './suite/command-cases.ts'
import { inputCases } from './suite/input-cases.ts'
import { lifecycleCases } from './suite/lifecycle-cases.ts'
import { snapshotCases } from './suite/snapshot-cases.ts'
import { type EngineHarness, SuiteBench } from './suite/suite-bench.ts'

/** The guarantees of the port, each as a test. Fails if anything is left running or lying about. */
export function engineSuite(name: string, makeHarness: () => Promise<EngineHarness>): void {
  describe(`engine: ${name}`, () => {
    const bench = new SuiteBench(makeHarness)
    beforeAll(async () => await bench.open())
    afterEach(async () => await bench.clear())
    afterAll(async () => await bench.close())
    commandCases(bench)
    inputCases(bench)
    lifecycleCases(bench)
    snapshotCases(bench)
  })
}
