import { engineSuite } from '@sagebrush/engine-kit'
import { skipsFor } from '@sagebrush/testing'
import { describe } from 'vitest'
import { dockerHarness } from './testing.ts'

describe.skipIf(skipsFor('docker'))('with a container engine', () => {
  engineSuite('docker', async () => await dockerHarness())
})
