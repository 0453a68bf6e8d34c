import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import { hasCode } from '@sagebrush/task-folder'

/**
 * Writes a byte to a supervisor's pipe: it looks for a stop request. False where nobody reads it: the supervisor is
 * dead or has not begun. This, and not a process id, tells the living from the dead: Node has no flock.
 */
export async function pokeSupervisor(control: string): Promise<boolean> {
  return await withPipe(control, async (pipe) => {
    await pipe.write('!')
  })
}

export async function isSupervised(control: string): Promise<boolean> {
  return await withPipe(control, async () => {})
}

async function withPipe(
  control: string,
  use: (pipe: { write(text: string): Promise<unknown> }) => Promise<void>,
): Promise<boolean> {
  try {
    const pipe = await open(control, constants.O_WRONLY | constants.O_NONBLOCK)
    try {
      await use(pipe)
    } finally {
      await pipe.close()
    }
    return true
  } catch (error) {
    if (hasCode(error, 'EAGAIN')) return true // full of earlier bytes: it will look
    if (hasCode(error, 'ENXIO', 'ENOENT', 'ENOTDIR', 'EPIPE')) return false
    throw error
  }
}
