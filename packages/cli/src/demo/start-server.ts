import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { runningServer, type ServerRecord } from '@sagebrush/server/client'
import { askServer } from '../ask-server.ts'
import { workIn } from '../running-work.ts'

const cli = fileURLToPath(new URL('../../bin/sagebrush.mjs', import.meta.url))
const PATIENCE_MS = 30_000

export interface DemoServer {
  /** Ends all jobs and endpoints, and then the server. `program`: what may still make new ones meanwhile. */
  stop(program: Promise<unknown> | undefined): Promise<void>
}

/** `sagebrush up` on a free port, as a user would start it. */
export async function startServer(home: string, say: (line: string) => void): Promise<DemoServer> {
  const environment = { ...process.env, SAGEBRUSH_HOME: home, SAGEBRUSH_PORT: '0', SAGEBRUSH_LOG_LEVEL: 'warn' }
  // In a group of its own: a terminal's ^C would end it before its tasks, which outlive a server.
  const child = spawn(process.execPath, [cli, 'up'], {
    env: environment,
    stdio: ['ignore', 'ignore', 'inherit'],
    detached: true,
  })
  const ended = once(child, 'exit')
  // Where the demo is ended at once, it does not stay behind.
  process.once('exit', () => child.kill('SIGTERM'))
  for (;;) {
    const record = runningServer(home)
    if (record) {
      say(`server at ${record.url}, state in ${home}`)
      return {
        stop: async (program) => {
          try {
            if (child.exitCode === null && child.signalCode === null) await endWork(record, program)
          } finally {
            child.kill('SIGTERM')
            await ended
          }
        },
      }
    }
    if (child.exitCode !== null || child.signalCode !== null)
      throw new Error('The server did not start; its words are above.')
    await delay(10)
  }
}

/** Until nothing runs, no task is left, and nobody is there who would start another one; as far as it goes in time. */
async function endWork(record: ServerRecord, program: Promise<unknown> | undefined): Promise<void> {
  let isOver = program === undefined
  const over = () => {
    isOver = true
  }
  program?.then(over, over)
  const deadline = Date.now() + PATIENCE_MS
  while (Date.now() < deadline) {
    const left = workIn(await askServer(record, 'POST', 'end-work'))
    const { tasks } = await askServer(record, 'GET', 'status')
    if (left.length === 0 && Number(tasks) === 0 && isOver) return
    await delay(50)
  }
}
