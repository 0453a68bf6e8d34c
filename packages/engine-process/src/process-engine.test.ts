import { engineSuite } from '@sagebrush/engine-kit'
import { bareHarness, processHarness } from './testing.ts'

engineSuite('process', async () => await processHarness())
engineSuite('process without namespaces', async () => await bareHarness())
