import type { Capability } from '../../tools/test/capabilities.ts'

interface EngineUnderTest {
  /** The value of SAGEBRUSH_ENGINE. */
  readonly name: string
  readonly needs: readonly Capability[]
}

/** The engines under which this example's tests run. */
export const engines: readonly EngineUnderTest[] = [
  { name: 'process', needs: [] },
  { name: 'docker', needs: ['docker'] },
]
