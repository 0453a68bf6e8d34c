import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

const PATIENCE_MS = 5_000

/** Tasks, processes and mounts that a home still has, each in words; empty once all is gone, within some seconds. */
export async function leftBehind(home: string): Promise<readonly string[]> {
  const deadline = Date.now() + PATIENCE_MS
  for (;;) {
    const left = [...tasksIn(home), ...processesOf(home), ...mountsUnder(home)]
    if (left.length === 0 || Date.now() > deadline) return left
    await delay(50)
  }
}

/** Waits, within some seconds, until the server has removed its tasks: a job shows its end before its task is gone. */
export async function tasksRemoved(home: string): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS
  while (tasksIn(home).length > 0 && Date.now() < deadline) await delay(20)
}

function tasksIn(home: string): string[] {
  return ['tasks', 'containers'].flatMap((engine) => {
    const folder = join(home, engine)
    if (!existsSync(folder)) return []
    // What the engine keeps for itself is hidden.
    return readdirSync(folder).flatMap((name) => (name.startsWith('.') ? [] : [`task ${name}`]))
  })
}

/** Processes of ours name the home, or have a file of it open. Elsewhere than on Linux there is nothing to read. */
function processesOf(home: string): string[] {
  if (!existsSync('/proc/self/cmdline')) return []
  return readdirSync('/proc').flatMap((pid) => {
    if (!/^\d+$/.test(pid) || Number(pid) === process.pid) return []
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
      const environment = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0')
      const named = words.includes(home) || environment.some((entry) => entry === `SAGEBRUSH_HOME=${home}`)
      const ours = named || openFiles(pid).some((path) => path.startsWith(`${home}/`))
      return ours ? [`process ${pid}: ${words.slice(0, 200)}`] : []
    } catch {
      return [] // it has just ended, or is another user's
    }
  })
}

/** Supervisors name nothing: they are told by a pipe what to do. */
function openFiles(pid: string): string[] {
  return readdirSync(`/proc/${pid}/fd`).map((descriptor) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${descriptor}`)
    } catch {
      return '' // just closed
    }
  })
}

function mountsUnder(home: string): string[] {
  if (!existsSync('/proc/self/mounts')) return []
  const mounts = readFileSync('/proc/self/mounts', 'utf8').split('\n')
  return mounts.flatMap((line) => (line.includes(home) ? [`mount ${line}`] : []))
}
