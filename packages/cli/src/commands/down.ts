import { setTimeout as delay } from 'node:timers/promises'
import { runningServer } from '@sagebrush/server/client'
import { Command } from 'commander'
import { askServer } from '../ask-server.ts'
import { UserError } from '../explain.ts'
import { configOf, withSettings } from '../settings-options.ts'

const PATIENCE_MS = 30_000

export function downCommand(): Command {
  return withSettings(new Command('down'))
    .description('stop the server of this home; jobs and endpoints go on and are found again by the next one')
    .action(async (options) => {
      const { config } = configOf(options)
      const record = runningServer(config.home)
      if (!record) {
        process.stdout.write(`No server runs on ${config.home}.\n`)
        return
      }
      const { tasks } = await askServer(record, 'GET', 'status')
      process.kill(record.pid, 'SIGTERM')
      const deadline = Date.now() + PATIENCE_MS
      while (runningServer(config.home)) {
        if (Date.now() > deadline) {
          throw new UserError(`The server (process ${record.pid}) has not stopped within ${PATIENCE_MS / 1000} s.`)
        }
        await delay(20)
      }
      process.stdout.write(`Stopped. Its state stays in ${config.home}.\n`)
      if (Number(tasks) > 0) {
        process.stdout.write(
          `${tasks} of its tasks (running jobs, instances of endpoints) go on; the next server finds them again.\n`,
        )
      }
    })
}
