import { resolve } from 'node:path'
import { Command } from 'commander'
import { howToStart } from '../how-to-start.ts'
import { configOf, withSettings } from '../settings-options.ts'

export function restoreCommand(): Command {
  return withSettings(new Command('restore'))
    .description('make a home, which must be missing or empty, of a file that backup wrote')
    .argument('<file>', 'the file that backup wrote')
    .action(async (file: string, options) => {
      const loaded = configOf(options)
      const { home } = loaded.config
      const { restoreHome } = await import('@sagebrush/server')
      const { version, created } = await restoreHome(resolve(file), home)
      process.stdout.write(
        `${home} is as it was at ${created} (Sagebrush ${version}). Start it: ${howToStart(loaded, 'anyhow')}\n`,
      )
    })
}
