import { randomBytes } from 'node:crypto'
import { chmod, lstat, readdir, readFile, rename, rm, rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { hasCode } from '@sagebrush/task-folder'
import { isSupervised } from './control-pipe.ts'
import { taskFiles } from './options.ts'

const PATIENCE_MS = 10_000

/** Ends the supervisor and with it every process of the task, outputs or not. */
export async function endSupervisor(root: string, id: string): Promise<void> {
  const files = taskFiles(root, id)
  const deadline = Date.now() + PATIENCE_MS
  for (let signal: NodeJS.Signals = 'SIGTERM'; await isSupervised(files.control); ) {
    const [pid = 0, began] = (await readFile(files.lock, 'utf8').catch(() => '')).split(' ').map(Number)
    if (pid > 1 && (await beginOf(pid)) === began) signalProcess(pid, signal)
    if (Date.now() > deadline) {
      if (signal === 'SIGKILL') throw new Error(`the supervisor of ${id} (process ${pid}) does not end`)
      signal = 'SIGKILL'
    }
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** When a process began, in ticks: its id alone may have been given to another one since. */
async function beginOf(pid: number): Promise<number | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => undefined)
  return text === undefined ? undefined : Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[19])
}

function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch (error) {
    if (!hasCode(error, 'ESRCH')) throw error
  }
}

/**
 * Kills what a task without namespaces left behind where both its supervisor and its first process were killed: every
 * process that has the task's folder in its environment. (With namespaces the kernel has done it already.)
 */
export async function killLeftovers(root: string, id: string): Promise<void> {
  const marker = `SAGEBRUSH_ML_ROOT=${join(taskFiles(root, id).folder, 'ml')}\0`
  for (let found = true; found; ) {
    found = false
    for (const name of await readdir('/proc')) {
      if (!/^\d+$/.test(name)) continue
      const variables = await readFile(`/proc/${name}/environ`, 'latin1').catch(() => '')
      if (!variables.includes(marker)) continue
      found = true
      signalProcess(Number(name), 'SIGKILL')
    }
  }
}

/** Takes the folder out of sight at once, then deletes it. */
export async function removeFolder(root: string, folder: string): Promise<void> {
  const gone = join(root, `.gone-${randomBytes(8).toString('hex')}`)
  try {
    await rename(folder, gone)
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return
    throw error
  }
  await deleteTree(gone)
}

export async function deleteTree(folder: string): Promise<void> {
  try {
    await rm(folder, { recursive: true, force: true })
  } catch (error) {
    if (!hasCode(error, 'EACCES', 'EPERM', 'ENOTEMPTY')) throw error
    await deleteClosed(folder)
  }
}

/** Deletes folders too that the task, or an overlay, has closed even to their owner. Others may be deleting there. */
async function deleteClosed(path: string): Promise<void> {
  try {
    if (!(await lstat(path)).isDirectory()) return await rm(path, { force: true })
    await chmod(path, 0o700)
    for (const name of await readdir(path)) await deleteClosed(join(path, name))
    await rmdir(path)
  } catch (error) {
    if (!hasCode(error, 'ENOENT')) throw error
  }
}
