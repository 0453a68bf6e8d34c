import { setTimeout as delay } from 'node:timers/promises'
import { pidNamespace, runningServer, type ServerRecord } from '@sagebrush/server/client'
import { Command } from 'commander'
import { askServer } from '../ask-server.ts'
import { UserError } from '../explain.ts'
import { tasksGoOn, titleOf, workIn, workKey } from '../running-work.ts'
import { configOf, withSettings } from '../settings-options.ts'

const PATIENCE_MS = 30_000
const POLL_MS = 100
/** After so long it is said what is waited for. */
const WHY_MS = 3_000

export function downCommand(): Command {
  return withSettings(new Command('down'))
    .description('stop the server of this home; jobs and endpoints go on and are found again by the next one')
    .option('--all', 'first stop every training job and delete every endpoint, and wait until they have ended')
    .action(async (options) => {
      const { config } = configOf(options)
      const record = runningServer(config.home)
      if (!record) {
        process.stdout.write(`No server runs on ${config.home}.\n`)
        return
      }
      if (record.pidNamespace && record.pidNamespace !== pidNamespace()) {
        throw new UserError(
          `The server of ${config.home} runs in a container: stop that ("docker stop NAME" or "docker compose stop"). ` +
            'To end its jobs and endpoints first: "docker exec NAME sagebrush down --all".',
        )
      }
      // A job has that long from SIGTERM to SIGKILL, and then uploads what it has.
      if (options.all) {
        process.once('SIGINT', () => {
          process.stderr.write('The server goes on, and so does the end of what was told to end.\n')
          process.exit(130)
        })
        await endAll(record, config['limits.trainingStopSeconds'])
      }
      const { tasks } = await askServer(record, 'GET', 'status')
      await endServer(record, config.home)
      process.stdout.write(`Stopped. Its state stays in ${config.home}.\n`)
      if (Number(tasks) > 0 && !options.all) {
        process.stdout.write(`${tasksGoOn(Number(tasks))}\n`)
      }
    })
}

async function endServer(record: ServerRecord, home: string): Promise<void> {
  process.kill(record.pid, 'SIGTERM')
  const deadline = Date.now() + PATIENCE_MS
  while (runningServer(home)) {
    if (Date.now() > deadline) {
      throw new UserError(
        `The server (process ${record.pid}) has not stopped within ${PATIENCE_MS / 1000} s: it stores or removes what ` +
          'tasks have left, and ends after that. Killed now (kill -9), it goes on where it was at its next start.',
      )
    }
    await delay(20)
  }
}

/** Has all work end, and says of each when it has. New work that comes meanwhile is ended too. */
async function endAll(record: ServerRecord, stopSeconds: number): Promise<void> {
  const patienceMs = stopSeconds * 1000 + PATIENCE_MS
  const began = Date.now()
  let toldWhy = false
  const status = await askServer(record, 'GET', 'status')
  const titles = new Map<string, { readonly ending: string; readonly ended: string }>()
  const deadline = began + patienceMs
  for (let left = workIn(status); ; left = workIn(await askServer(record, 'POST', 'end-work'))) {
    for (const one of left) {
      if (titles.has(workKey(one))) continue
      const title = titleOf(one, status)
      const isJob = one.kind === 'training-job'
      titles.set(workKey(one), { ending: title, ended: `${isJob ? 'Stopped' : 'Deleted'} ${title}.` })
      process.stdout.write(`${isJob ? 'Stopping' : 'Deleting'} ${title} …\n`)
    }
    const still = new Set(left.map(workKey))
    for (const [key, { ended }] of titles) {
      if (still.has(key)) continue
      process.stdout.write(`${ended}\n`)
      titles.delete(key)
    }
    if (left.length === 0) return
    if (!toldWhy && Date.now() - began > WHY_MS && left.some(({ kind }) => kind === 'training-job')) {
      process.stdout.write(
        `A job has ${stopSeconds} s from SIGTERM to SIGKILL (limits.trainingStopSeconds), and then stores what it has …\n`,
      )
      toldWhy = true
    }
    if (Date.now() > deadline) {
      const names = [...titles.values()].map(({ ending }) => ending).join(', ')
      throw new UserError(`Not ended within ${patienceMs / 1000} s: ${names}. The server goes on.`)
    }
    await delay(POLL_MS)
  }
}
