import {
  type ConfigInput,
  type LoadedConfig,
  loadConfig,
  type SettingName,
  settingNames,
  settings,
} from '@sagebrush/server/client'
import { type Command, Option } from 'commander'

/** Adds a flag for every setting (`--port 7300`, `--limits.invokeBodyBytes 1000000`), and `--config FILE`. */
export function withSettings(command: Command): Command {
  command.addOption(new Option('--config <file>', 'configuration file instead of config.yaml in the home'))
  for (const name of settingNames) {
    const common = ['home', 'port', 'host', 'region', 'engine'].includes(name)
    const option = new Option(`--${name} <value>`, settings[name].describe)
    command.addOption(common ? option : option.hideHelp())
  }
  return command
}

/** The configuration that a command's flags, the environment and the file give. */
export function configOf(options: Readonly<Record<string, string | undefined>>): LoadedConfig {
  const flags: Partial<Record<SettingName, string>> = {}
  for (const name of settingNames) {
    const value = options[name]
    if (value !== undefined) flags[name] = value
  }
  const input: ConfigInput = { flags, file: options.config }
  return loadConfig(input)
}
