import { readlinkSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { setPriority } from 'node:os'
import { parentPort } from 'node:worker_threads'
import { Digester } from './digester.ts'
import type { Answer, Order } from './hash-thread.ts'

lowerPriority()

const joinBytes = 1024 * 1024
const streams = new Map<number, Digester>()

function answer(message: Answer): void {
  parentPort?.postMessage(message, message.bytes ? [message.bytes] : [])
}

parentPort?.on('message', (order: Order) => {
  const { stream } = order
  if ('join' in order) {
    void join(order)
    return
  }
  const digester = streams.get(stream)
  if ('bytes' in order) {
    const into = digester ?? new Digester(order.names)
    if (!digester) streams.set(stream, into)
    into.update(new Uint8Array(order.bytes, 0, order.length))
    answer({ stream, bytes: order.bytes })
    return
  }
  streams.delete(stream)
  if ('end' in order) answer({ stream, digests: digester?.digests() ?? {} })
})

/** The thread that answers requests goes before. Linux lets a thread have a priority of its own; elsewhere it keeps its process's. */
function lowerPriority(): void {
  try {
    const thread = Number(readlinkSync('/proc/thread-self').split('/').at(-1))
    if (thread > 0) setPriority(thread, 10) // 0 would be the whole process
  } catch {
    // No /proc, or no right to it: hashing is then as urgent as the rest.
  }
}

/** Writes files one after the other into one that is there. Others get their turn between two reads. */
async function join({ stream, join: paths, into, names }: Extract<Order, { join: unknown }>): Promise<void> {
  let part = 0
  try {
    const digester = new Digester(names)
    const bytes = Buffer.allocUnsafeSlow(joinBytes)
    let sizeBytes = 0
    const target = await open(into, 'r+')
    try {
      for (; part < paths.length; part++) {
        const source = await open(paths[part] ?? '', 'r')
        try {
          for (;;) {
            const { bytesRead } = await source.read(bytes, 0, joinBytes)
            if (bytesRead === 0) break
            digester.update(bytes.subarray(0, bytesRead))
            for (let done = 0; done < bytesRead; )
              done += (await target.write(bytes, done, bytesRead - done, sizeBytes + done)).bytesWritten
            sizeBytes += bytesRead
          }
        } finally {
          await source.close()
        }
      }
    } finally {
      await target.close()
    }
    answer({ stream, sizeBytes, digests: digester.digests() })
  } catch (cause) {
    const { message, code } = cause as NodeJS.ErrnoException
    answer({ stream, error: { message, part, ...(code && { code }) } })
  }
}
