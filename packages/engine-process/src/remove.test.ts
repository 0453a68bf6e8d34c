import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { constants } from 'node:fs'
import { mkdir, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { taskFiles } from './options.ts'
import { endSupervisor } from './remove.ts'

test('a process that was given the id of a supervisor that is gone is left alone', async () => {
  const root = await mkdtemp(join(tmpdir(), 'recycled-'))
  const { control, lock } = taskFiles(root, 'task')
  await mkdir(dirname(control), { recursive: true })
  execFileSync('mkfifo', [control])
  const process = spawn('sleep', ['60'])
  try {
    await once(process, 'spawn')
    const stat = await readFile(`/proc/${process.pid}/stat`, 'latin1')
    const began = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19])
    const end = async (written: number) => {
      await writeFile(lock, `${process.pid} ${written}`)
      // Somebody still holds the task: it is not to be taken for ended.
      const held = await open(control, constants.O_RDONLY | constants.O_NONBLOCK)
      const ending = endSupervisor(root, 'task')
      await new Promise((resolve) => setTimeout(resolve, 100))
      await held.close()
      await ending
    }
    await end(began - 1)
    expect([process.exitCode, process.signalCode]).toEqual([null, null])
    const ended = once(process, 'exit')
    await end(began)
    expect(await ended).toEqual([null, 'SIGTERM'])
  } finally {
    process.kill('SIGKILL')
    await rm(root, { recursive: true })
  }
})
