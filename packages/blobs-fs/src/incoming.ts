import { lstat, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'

/** Files still being written are named `PID-ID`, so that the next server knows whose they were. */
export function incomingPath(root: string, id: string): string {
  return join(root, 'incoming', `${process.pid}-${id}`)
}

/** Removes what writers that are no longer alive have left. */
export async function removeLeftovers(root: string): Promise<void> {
  const folder = join(root, 'incoming')
  for (const name of await readdir(folder)) {
    const pid = /^(\d+)-/.exec(name)?.[1]
    const path = join(folder, name)
    if (!pid || !(await writerLives(Number(pid), path))) await rm(path, { recursive: true, force: true })
  }
}

async function writerLives(pid: number, path: string): Promise<boolean> {
  if (pid === process.pid) {
    // In a container every server has the same process id: a file from before this one's start is its forebear's.
    const started = Date.now() - process.uptime() * 1000
    const { mtimeMs } = await lstat(path).catch(() => ({ mtimeMs: 0 }))
    return mtimeMs >= started
  }
  try {
    process.kill(pid, 0)
    return true
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code === 'EPERM'
  }
}
