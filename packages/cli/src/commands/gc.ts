import { Command } from 'commander'
import { askServer } from '../ask-server.ts'
import { requireRunning } from '../running.ts'
import { configOf, withSettings } from '../settings-options.ts'

export function gcCommand(): Command {
  return withSettings(new Command('gc'))
    .description('remove what nothing refers to any more: orphaned bytes, expired keys and log streams')
    .action(async (options) => {
      const { config } = configOf(options)
      const { record } = requireRunning(config.home)
      const result = await askServer(record, 'POST', 'gc')
      for (const [name, value] of Object.entries(result)) process.stdout.write(`${name}: ${JSON.stringify(value)}\n`)
    })
}
