import { open } from 'node:fs/promises'
import type { TaskLogLine } from '@sagebrush/core'
import { hasCode } from '@sagebrush/task-folder'

/** At most this much of a log at once, so that a task that prints 100 MB does not fill the server's memory. */
const MAX_READ_BYTES = 2 * 1024 * 1024

/**
 * Whole lines from byte `cursor` on. A log grows until its task is removed. The caller asks again until no line comes.
 * Throws RangeError for a cursor that is none of ours.
 */
export async function readLog(
  path: string,
  cursor: string | undefined,
): Promise<{ readonly lines: readonly TaskLogLine[]; readonly cursor: string }> {
  const start = Number(cursor ?? '0')
  if (!Number.isSafeInteger(start) || start < 0) throw new RangeError(`no cursor of a task's log: ${cursor}`)
  let bytes: Buffer
  try {
    const file = await open(path)
    try {
      const size = Math.min((await file.stat()).size - start, MAX_READ_BYTES)
      if (size <= 0) return { lines: [], cursor: String(start) }
      const buffer = Buffer.allocUnsafe(size)
      const { bytesRead } = await file.read(buffer, 0, size, start)
      bytes = buffer.subarray(0, bytesRead)
    } finally {
      await file.close()
    }
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return { lines: [], cursor: String(start) }
    throw error
  }
  const end = bytes.lastIndexOf(10) + 1
  const text = bytes.toString('utf8', 0, Math.max(end - 1, 0))
  return { lines: end === 0 ? [] : text.split('\n').map(parseLine), cursor: String(start + end) }
}

function parseLine(line: string): TaskLogLine {
  const space = line.indexOf(' ')
  return { timestamp: new Date(Number(line.slice(0, space))), message: line.slice(space + 1) }
}
