import { realpathSync } from 'node:fs'
import { userInfo } from 'node:os'
import { environmentName, settingNames } from '@sagebrush/server/client'
import { Command } from 'commander'
import { UserError } from '../explain.ts'
import { configOf, withSettings } from '../settings-options.ts'
import { systemdUnit } from '../systemd-unit.ts'

export function serviceCommand(): Command {
  return withSettings(new Command('service'))
    .description(
      'print a systemd unit that starts this installation with these settings: as root for the system, else for the user',
    )
    .action((options) => {
      const { config, sources, file } = configOf(options)
      const command = realpathSync(process.argv[1] ?? '')
      if (command.includes('/_npx/')) {
        throw new UserError('npx keeps this installation in a cache: install it first (npm install -g sagebrush).')
      }
      // What a file or a default says is read again at each start.
      const set = settingNames.filter((name) => sources[name] !== 'default' && sources[name] !== file)
      const environment = {
        PATH: lastingPath(process.env.PATH ?? '/usr/local/bin:/usr/bin:/bin'),
        SAGEBRUSH_HOME: config.home,
        ...(options.config && { SAGEBRUSH_CONFIG: file }),
        ...Object.fromEntries(set.map((name) => [environmentName(name), String(config[name])])),
      }
      const { uid, username } = userInfo()
      process.stdout.write(
        systemdUnit({
          command: [process.execPath, command, 'up'],
          environment,
          ...(uid === 0 && { systemUser: username }),
        }),
      )
    })
}

/** Without the folders that npm puts before the PATH of what it runs: they are gone, or others', when a service starts. */
function lastingPath(path: string): string {
  const lasting = path.split(':').filter((folder) => !/node_modules\/\.bin$|node-gyp-bin$/.test(folder))
  return [...new Set(lasting)].join(':')
}
