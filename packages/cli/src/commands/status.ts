import { runningServer } from '@sagebrush/server/client'
import { Command } from 'commander'
import { askServer } from '../ask-server.ts'
import { configOf, withSettings } from '../settings-options.ts'

export function statusCommand(): Command {
  return withSettings(new Command('status'))
    .description('say whether a server runs on this home, and what it holds; exit status 3 where none does')
    .option('--json', 'as JSON')
    .action(async (options) => {
      const { config } = configOf(options)
      const record = runningServer(config.home)
      if (!record) {
        process.stdout.write(options.json ? '{"running":false}\n' : `No server runs on ${config.home}.\n`)
        process.exitCode = 3
        return
      }
      const status = await askServer(record, 'GET', 'status')
      if (options.json) {
        process.stdout.write(`${JSON.stringify({ running: true, ...status })}\n`)
        return
      }
      process.stdout.write(`Sagebrush ${record.version} runs on ${config.home}\n`)
      for (const [name, value] of Object.entries(status)) {
        process.stdout.write(`  ${name.padEnd(18)} ${typeof value === 'string' ? value : JSON.stringify(value)}\n`)
      }
    })
}
