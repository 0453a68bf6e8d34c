import { appendFileSync } from 'node:fs'
import type { Reporter, TestCase, TestModule } from 'vitest/node'

/** One line of the record per event: written as it happens, so that a run that crashes or hangs still tells. */
export type VitestEvent =
  | { readonly event: 'start' | 'passed'; readonly name: string }
  /** The name with the first lines of what went wrong below it. */
  | { readonly event: 'failed'; readonly name: string }
  | { readonly event: 'skipped'; readonly name: string; readonly why: string }
  | { readonly event: 'end'; readonly errors: readonly string[] }

export const recordVariable = 'SAGEBRUSH_TEST_RECORD'

class RecordReporter implements Reporter {
  private readonly path = process.env[recordVariable]

  onTestModuleStart(module: TestModule): void {
    this.write({ event: 'start', name: module.relativeModuleId })
  }

  onTestCaseReady(test: TestCase): void {
    this.write({ event: 'start', name: nameOf(test) })
  }

  onTestCaseResult(test: TestCase): void {
    const result = test.result()
    const name = nameOf(test)
    if (result.state === 'skipped') this.write({ event: 'skipped', name, why: result.note ?? 'its file says so' })
    else if (result.state === 'failed') this.write({ event: 'failed', name: withReasons(name, result.errors) })
    else if (result.state === 'passed') this.write({ event: 'passed', name })
  }

  onTestModuleEnd(module: TestModule): void {
    // A file that cannot be loaded, or whose hooks fail, has failed even when no test of it ran.
    for (const error of module.errors())
      this.write({ event: 'failed', name: `${module.relativeModuleId}: ${error.message}` })
    for (const suite of module.children.allSuites())
      for (const error of suite.errors())
        this.write({ event: 'failed', name: `${module.relativeModuleId} > ${suite.fullName}: ${error.message}` })
    this.write({ event: 'passed', name: module.relativeModuleId })
  }

  onTestRunEnd(_: readonly TestModule[], errors: readonly { message: string }[]): void {
    this.write({ event: 'end', errors: errors.map((error) => error.message) })
  }

  private write(event: VitestEvent): void {
    if (this.path) appendFileSync(this.path, `${JSON.stringify(event)}\n`)
  }
}

/** Where a run's output is cut, its end still tells what to look for. */
function withReasons(name: string, errors: readonly { readonly message: string }[]): string {
  const reasons = errors.flatMap(({ message }) =>
    message
      .split('\n')
      .slice(0, 5)
      .map((line) => line.slice(0, 300)),
  )
  return [name, ...reasons].join('\n')
}

function nameOf(test: TestCase): string {
  return `${test.module.relativeModuleId} > ${test.fullName}`
}

// biome-ignore lint/style/noDefaultExport: vitest loads a reporter by its file's default export
export default RecordReporter
