export {
  type Environment,
  EnvironmentError,
  type EnvironmentOptions,
  prepareEnvironment,
} from './environment.ts'
export type { ProcessEngineOptions } from './options.ts'
export { type ProbeResult, type Python, probe } from './probe.ts'
export { openProcessEngine } from './process-engine.ts'
