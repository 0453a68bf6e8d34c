import { closeSync, openSync, readlinkSync, readSync, writeSync } from 'node:fs'
import { setPriority } from 'node:os'
import { parentPort } from 'node:worker_threads'
import type { Answer, Order } from './bulk-thread.ts'
import { Digester } from './digester.ts'

lowerPriority()

interface Stream {
  readonly digester: Digester
  /** Descriptor, of this process. */
  readonly file: number | undefined
  sizeBytes: number
  failed: boolean
}

const streams = new Map<number, Stream>()
/** What a join reads at once: one goes on after the other. */
const joined = Buffer.allocUnsafeSlow(256 * 1024)

function answer(message: Answer): void {
  parentPort?.postMessage(message, message.bytes ? [message.bytes] : [])
}

parentPort?.on('message', (order: Order) => {
  const { stream } = order
  if ('join' in order) void join(order)
  else if ('names' in order)
    streams.set(stream, { digester: new Digester(order.names), file: order.file, sizeBytes: 0, failed: false })
  else if ('bytes' in order) take(stream, order.bytes, order.length)
  else {
    const found = streams.get(stream)
    streams.delete(stream)
    if ('drop' in order) answer({ stream, dropped: true })
    else if (found && !found.failed) answer({ stream, digests: found.digester.digests() })
  }
})

/** Linux lets a thread have a priority of its own; elsewhere it keeps its process's. */
function lowerPriority(): void {
  try {
    const thread = Number(readlinkSync('/proc/thread-self').split('/').at(-1))
    if (thread > 0) setPriority(thread, 10) // 0 would be the whole process
  } catch {
    // No /proc, or no right to it: bulk work is then as urgent as the rest.
  }
}

/** After a failure nothing more is written. */
function take(number: number, block: ArrayBuffer, length: number): void {
  const stream = streams.get(number)
  if (!stream || stream.failed) return
  const bytes = new Uint8Array(block, 0, length)
  try {
    if (stream.file !== undefined) writeAll(stream.file, bytes, stream.sizeBytes)
  } catch (cause) {
    stream.failed = true
    answer({ stream: number, error: errorOf(cause) })
    return
  }
  stream.digester.update(bytes)
  stream.sizeBytes += length
  answer({ stream: number, bytes: block })
}

/** Writes files one after the other into one that is there. Others get their turn between two reads. */
async function join({ stream, join: paths, into, names }: Extract<Order, { join: unknown }>): Promise<void> {
  let part = 0
  try {
    const digester = new Digester(names)
    let sizeBytes = 0
    const target = openSync(into, 'r+')
    try {
      for (; part < paths.length; part++) {
        const source = openSync(paths[part] ?? '', 'r')
        try {
          for (;;) {
            const bytes = joined.subarray(0, readSync(source, joined))
            if (bytes.length === 0) break
            digester.update(bytes)
            writeAll(target, bytes, sizeBytes)
            sizeBytes += bytes.length
            await new Promise((resolve) => setImmediate(resolve))
          }
        } finally {
          closeSync(source)
        }
      }
    } finally {
      closeSync(target)
    }
    answer({ stream, sizeBytes, digests: digester.digests() })
  } catch (cause) {
    answer({ stream, error: { ...errorOf(cause), part } })
  }
}

function writeAll(file: number, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done, bytes.length - done, position + done)
}

function errorOf(cause: unknown): { readonly message: string; readonly code?: string } {
  const { message, code } = cause as NodeJS.ErrnoException
  return { message, ...(code && { code }) }
}
