export { hasCode, readJson, replaceJson } from './json-file.ts'
export { type Launch, Launches } from './launches.ts'
export { isTaskId, readSpec, type SpecFile, taskIds, writeSpec } from './spec-file.ts'
export { readStop, recordStop, type StopFile } from './stop-file.ts'
