import { lstat, mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { shortHash } from './options.ts'

/** The longest path that a Unix socket's address holds. */
const MAX_SOCKET_PATH_BYTES = 107
const SOCKET = 'http'

/** Where a serving task's socket is, on this machine: a folder of the task's own, its path short enough for a socket. */
export function socketFolder(root: string, id: string, runtimeFolder: string | undefined): string {
  const inTask = join(root, id, 'socket')
  if (Buffer.byteLength(join(inTask, SOCKET)) <= MAX_SOCKET_PATH_BYTES) return inTask
  const parent = runtimeFolder ?? join(tmpdir(), `sagebrush-${process.getuid?.() ?? 0}`)
  return join(parent, `sagebrush-${shortHash(root, id)}`)
}

/** Makes it, and makes sure that it is nobody else's: a temporary folder is everybody's. */
export async function makeSocketFolder(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  for (const path of [join(folder, '..'), folder]) {
    const { uid, mode } = await lstat(path)
    if (uid !== process.getuid?.() || (mode & 0o022) !== 0) {
      throw new Error(`${path} belongs to somebody else or may be written by others: a socket is not safe in it.`)
    }
  }
  return join(folder, SOCKET)
}

export const socketName = SOCKET
