import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { runningServer } from '@sagebrush/server/client'

const cli = fileURLToPath(new URL('../../bin/sagebrush.mjs', import.meta.url))

export interface DemoServer {
  /** Ends the server; its jobs and endpoints have been deleted by then. */
  stop(): Promise<void>
}

/** `sagebrush up` on a free port, as a user would start it. */
export async function startServer(home: string, say: (line: string) => void): Promise<DemoServer> {
  const environment = { ...process.env, SAGEBRUSH_HOME: home, SAGEBRUSH_PORT: '0', SAGEBRUSH_LOG_LEVEL: 'warn' }
  const child = spawn(process.execPath, [cli, 'up'], { env: environment, stdio: ['ignore', 'ignore', 'inherit'] })
  const ended = once(child, 'exit')
  for (;;) {
    const record = runningServer(home)
    if (record) {
      say(`server at ${record.url}, state in ${join(home)}`)
      break
    }
    if (child.exitCode !== null) throw new Error('The server did not start; its words are above.')
    await delay(10)
  }
  return {
    stop: async () => {
      child.kill('SIGTERM')
      await ended
    },
  }
}
