import { clientEnvironment, clientFiles, type LoadedConfig } from '@sagebrush/server/client'
import { Command } from 'commander'
import { type Running, requireRunning } from '../running.ts'
import { configOf, withSettings } from '../settings-options.ts'

export function envCommand(): Command {
  return withSettings(new Command('env'))
    .description('print what points AWS SDKs and the CLI at the server: eval "$(sagebrush env)"')
    .action((options) => {
      const loaded = configOf(options)
      const { facts } = runningOrFalse(loaded)
      const change = clientEnvironment(facts, clientFiles(loaded.config.home), process.env)
      const lines = [
        ...change.unset.filter((name) => process.env[name] !== undefined).map((name) => `unset ${name}`),
        ...Object.entries(change.set).map(([name, value]) => `export ${name}=${quote(value)}`),
      ]
      process.stdout.write(`${lines.join('\n')}\n`)
    })
}

/** For `eval` takes only what is printed: without a server that is a command that fails, and the words go to the terminal. */
function runningOrFalse(loaded: LoadedConfig): Running {
  try {
    return requireRunning(loaded)
  } catch (error) {
    process.stdout.write('false\n')
    throw error
  }
}

function quote(value: string): string {
  return `'${value.replaceAll("'", "'\\''")}'`
}
