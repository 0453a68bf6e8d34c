import { engineSuite } from '@sagebrush/engine-kit'
import { processHarness } from './testing.ts'

engineSuite('process', async () => await processHarness())
