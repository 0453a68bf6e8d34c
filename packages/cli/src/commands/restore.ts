import { resolve } from 'node:path'
import { Command } from 'commander'
import { calledAs } from '../called-as.ts'
import { configOf, withSettings } from '../settings-options.ts'

export function restoreCommand(): Command {
  return withSettings(new Command('restore'))
    .description('make a home, which must be missing or empty, of a file that backup wrote')
    .argument('<file>', 'the file that backup wrote')
    .action(async (file: string, options) => {
      const { config } = configOf(options)
      const { restoreHome } = await import('@sagebrush/server')
      const { version, created } = await restoreHome(resolve(file), config.home)
      process.stdout.write(
        `${config.home} is as it was at ${created} (Sagebrush ${version}). Start it: ${calledAs} up -d\n`,
      )
    })
}
