import { environmentName, settingNames, settings } from '@sagebrush/server/client'
import { Command } from 'commander'
import { configOf, withSettings } from '../settings-options.ts'

export function configCommand(): Command {
  return withSettings(new Command('config'))
    .description('print every setting: its value in effect and where that comes from')
    .option('--json', 'as JSON')
    .action((options) => {
      const { config, sources, file } = configOf(options)
      if (options.json) {
        const rows = settingNames.map((name) => [name, { value: config[name], source: sources[name] }])
        process.stdout.write(`${JSON.stringify(Object.fromEntries(rows), null, 2)}\n`)
        return
      }
      process.stdout.write(`# file: ${file ?? 'none'}\n`)
      for (const name of settingNames) {
        process.stdout.write(
          `\n# ${settings[name].describe}\n# from ${sources[name]}; variable ${environmentName(name)}\n`,
        )
        process.stdout.write(`${name}: ${JSON.stringify(config[name])}\n`)
      }
    })
}
