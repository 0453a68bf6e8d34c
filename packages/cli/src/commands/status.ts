import { runningServer } from '@sagebrush/server/client'
import { Command } from 'commander'
import { askServer } from '../ask-server.ts'
import { localTime, titleOf, waitOf, workIn } from '../running-work.ts'
import { configOf, withSettings } from '../settings-options.ts'

export function statusCommand(): Command {
  return withSettings(new Command('status'))
    .description('say whether a server runs on this home, and which jobs and endpoints; exit status 3 where none does')
    .option('--json', 'as JSON')
    .action(async (options) => {
      const { config } = configOf(options)
      const record = runningServer(config.home)
      if (!record) {
        process.stdout.write(options.json ? '{"running":false}\n' : `No server runs on ${config.home}.\n`)
        process.exitCode = 3
        return
      }
      const { work, ...status } = await askServer(record, 'GET', 'status')
      if (options.json) {
        process.stdout.write(`${JSON.stringify({ running: true, ...status, work })}\n`)
        return
      }
      process.stdout.write(`Sagebrush ${record.version} runs on ${config.home}\n`)
      for (const [name, value] of Object.entries(status)) {
        process.stdout.write(`  ${name.padEnd(18)} ${typeof value === 'string' ? value : JSON.stringify(value)}\n`)
      }
      const rows = workIn({ work }).map((one) => [
        titleOf(one, status),
        one.status,
        `since ${localTime(one.since)}`,
        waitOf(one),
      ])
      process.stdout.write(rows.length === 0 ? 'No training job runs, and there is no endpoint.\n' : table(rows))
    })
}

function table(rows: readonly (readonly string[])[]): string {
  const width = (column: number) => Math.max(...rows.map((row) => row[column]?.length ?? 0))
  const padded = (row: readonly string[]) => row.map((cell, column) => cell.padEnd(width(column))).join('  ')
  return rows.map((row) => `  ${padded(row).trimEnd()}\n`).join('')
}
