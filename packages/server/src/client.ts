/** What a program beside the server needs of it: its configuration, its home, and how AWS's clients find it. */
export { nearestNames } from '@sagebrush/managed-images/nearest-names'
export { clientEnvironment, type EnvironmentChange } from './client-environment.ts'
export { ConfigError, type ConfigInput, type LoadedConfig, loadConfig } from './config/load.ts'
export { type Config, environmentName, type SettingName, settingNames, settings } from './config/settings.ts'
export { type ClientFacts, type ClientFiles, clientFiles, readClientFacts } from './home/client-files.ts'
export {
  checkFolder,
  HomeError,
  makeHome,
  pidNamespace,
  removeUnused,
  runningServer,
  type ServerRecord,
} from './home/open-home.ts'
export { installed } from './installation.ts'
