export {
  type Environment,
  EnvironmentError,
  type EnvironmentOptions,
  prepareEnvironment,
} from './environment.ts'
export type { ProcessEngineOptions } from './options.ts'
export { type ProbeResult, probe } from './probe.ts'
export { openProcessEngine, type ProcessEngine } from './process-engine.ts'
export type { Python } from './pythons.ts'
export { deleteTree } from './remove.ts'
export { packageIndex } from './task-variables.ts'
