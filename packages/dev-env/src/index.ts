export { leftBehind } from './left-behind.ts'
export { type LoopbackNetwork, openLoopbackNetwork } from './open-loopback-network.ts'
export { type ClientSettings, type DevEnv, type DevEnvOptions, startDevEnv } from './start-dev-env.ts'
export { type Finished, run, type ServerProcess, startServerProcess } from './start-server-process.ts'
