import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { nearestNames } from '@sagebrush/managed-images/nearest-names'
import { type Config, environmentName, type SettingName, settingNames, settings } from './settings.ts'

/** A setting that cannot be used; the message names it, its value, where it came from and what it must be. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

export interface LoadedConfig {
  readonly config: Config
  /** Where each value comes from: `--port`, `SAGEBRUSH_PORT`, the file's path or `default`. */
  readonly sources: Readonly<Record<SettingName, string>>
  /** The file that was read, if there was one. */
  readonly file: string | undefined
}

export interface ConfigInput {
  /** From the command line, by setting's name; undefined where not given. */
  readonly flags?: Readonly<Partial<Record<SettingName, string>>>
  readonly environment?: Readonly<Record<string, string | undefined>>
  /** `config.yaml` of the home unless named here or in SAGEBRUSH_CONFIG. */
  readonly file?: string | undefined
}

/** Flag > environment > file > default. Unknown keys, and variables `SAGEBRUSH_*` that mean nothing, are refused. */
export function loadConfig(input: ConfigInput = {}): LoadedConfig {
  const environment = input.environment ?? process.env
  const flags = input.flags ?? {}
  refuseUnknownVariables(environment)
  const named = input.file ?? environment.SAGEBRUSH_CONFIG
  const home = resolve(flags.home ?? environment.SAGEBRUSH_HOME ?? settings.home.fallback)
  const file = resolve(named ?? join(home, 'config.yaml'))
  const fromFile = existsSync(file) ? readFile(file) : new Map<SettingName, unknown>()
  if (named && !existsSync(file)) throw new ConfigError(`There is no configuration file ${file}.`)

  const values: Partial<Record<SettingName, unknown>> = {}
  const sources: Partial<Record<SettingName, string>> = {}
  for (const name of settingNames) {
    const variable = environmentName(name)
    const [value, source] =
      flags[name] !== undefined
        ? [flags[name], `--${name}`]
        : environment[variable] !== undefined && environment[variable] !== ''
          ? [environment[variable], variable]
          : fromFile.has(name)
            ? [fromFile.get(name), file]
            : [undefined, 'default']
    values[name] = value === undefined ? settings[name].fallback : read(name, value, source)
    sources[name] = source
  }
  values.home = home
  values.cache = resolve(String(values.cache))
  return {
    config: values as Config,
    sources: sources as Record<SettingName, string>,
    file: existsSync(file) ? file : undefined,
  }
}

function read(name: SettingName, value: unknown, source: string): unknown {
  try {
    return settings[name].read(value)
  } catch (error) {
    const problem = error instanceof Error ? error.message : String(error)
    throw new ConfigError(`${name} ${problem}, and ${source} says ${JSON.stringify(value)}.`)
  }
}

function readFile(file: string): Map<SettingName, unknown> {
  // Loaded here: most homes have no file, and the library takes 8 MB.
  const { parse }: typeof import('yaml') = createRequire(import.meta.url)('yaml')
  let data: unknown
  try {
    data = parse(readFileSync(file, 'utf8')) ?? {}
  } catch (error) {
    throw new ConfigError(`${file} is not YAML: ${error instanceof Error ? error.message : String(error)}`)
  }
  if (typeof data !== 'object' || data === null || Array.isArray(data)) {
    throw new ConfigError(`${file} must hold names and values, such as "port: 7243".`)
  }
  const values = new Map<SettingName, unknown>()
  flatten('', data as Record<string, unknown>, (key, value) => {
    const name = settingNames.find((candidate) => candidate === key)
    if (!name)
      throw new ConfigError(
        `${file}: there is no setting ${key}.${didYouMean(key, settingNames)} The settings are ${settingNames.join(', ')}.`,
      )
    if (name === 'home') throw new ConfigError(`${file}: home cannot be set in a file; use --home or SAGEBRUSH_HOME.`)
    values.set(name, value)
  })
  return values
}

function flatten(prefix: string, data: Record<string, unknown>, found: (key: string, value: unknown) => void): void {
  for (const [key, value] of Object.entries(data)) {
    const isGroup = typeof value === 'object' && value !== null && !Array.isArray(value)
    if (isGroup) flatten(`${prefix}${key}.`, value as Record<string, unknown>, found)
    else found(prefix + key, value)
  }
}

/** Variables that other parts of Sagebrush read or set and that are no settings. */
const otherVariables = /^SAGEBRUSH_(CONFIG$|TEST_|ML_ROOT$|SUBMIT_|BIND_|PIP_|RUN_|TASK_)/

function refuseUnknownVariables(environment: Readonly<Record<string, string | undefined>>): void {
  const known = new Set(settingNames.map(environmentName))
  for (const variable of Object.keys(environment)) {
    if (!variable.startsWith('SAGEBRUSH_') || known.has(variable) || otherVariables.test(variable)) continue
    // What all begin with would make all of them near.
    const bare = (name: string) => name.slice('SAGEBRUSH_'.length)
    const suggestion = didYouMean(bare(variable), [...known].map(bare), 'SAGEBRUSH_')
    throw new ConfigError(
      `There is no setting for the environment variable ${variable}.${suggestion} docs/cli.md lists all.`,
    )
  }
}

function didYouMean(asked: string, names: readonly string[], prefix = ''): string {
  const [nearest] = nearestNames(asked, names)
  return nearest ? ` Did you mean ${prefix}${nearest}?` : ''
}
