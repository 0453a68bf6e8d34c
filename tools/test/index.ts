export { awsCli2 } from './aws-cli.ts'
export type { Capability } from './capabilities.ts'
export { lacking, optionalVenv, requires, skipsFor } from './requires.ts'
export { testVenv, type VenvName } from './venv.ts'
