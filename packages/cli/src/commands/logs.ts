import { Command } from 'commander'
import { requireRunning } from '../running.ts'
import { configOf, withSettings } from '../settings-options.ts'

export function logsCommand(): Command {
  return withSettings(new Command('logs'))
    .description('print the log of a training job or an endpoint; exit status 1 where what was followed failed')
    .argument('<name>', 'name of the training job or endpoint')
    .option('-f, --follow', 'go on until the job ends, or the endpoint is deleted or has failed')
    .action(async (name: string, options) => {
      const loaded = configOf(options)
      requireRunning(loaded)
      // Loaded here: AWS's clients are heavier than all other commands together.
      const { printLog } = await import('../print-log.ts')
      await printLog(loaded, name, options.follow === true)
    })
}
