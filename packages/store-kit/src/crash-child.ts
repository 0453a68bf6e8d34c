import { writeSync } from 'node:fs'
import type { Blobs, LogStore, Store } from '@sagebrush/core'
import type { CrashWork } from './crash.ts'
import type { ChildOpen } from './place.ts'

// Run by writeAndCrash: writes for ever, and prints each write once it is acknowledged.

const scope = { account: '111122223333', region: 'us-east-1' }

const [work, json] = process.argv.slice(2) as [CrashWork, string]
const { module, name, options } = JSON.parse(json) as ChildOpen
const opened: unknown = await ((await import(module)) as Record<string, (options: unknown) => unknown>)[name]?.(options)
const acknowledge = (line: string): void => {
  writeSync(1, `${line}\n`)
}

async function writeRows(store: Store): Promise<void> {
  const rows = store.collection<{ n: number }>({ name: 'crash', index: { n: ({ n }) => n } })
  const writer = async (id: number): Promise<void> => {
    for (let n = 0; ; n++) {
      await rows.insert(scope, `${id}-${n}`, { n })
      acknowledge(`${id}-${n}`)
    }
  }
  await Promise.all(Array.from({ length: 8 }, (_, id) => writer(id)))
}

async function writeBlobs(blobs: Blobs): Promise<void> {
  const writer = async (id: number): Promise<void> => {
    for (let n = 0; ; n++) {
      const chunk = Buffer.alloc(10_000 + n, `${id}`)
      const info = await blobs.create(chunks([chunk, Buffer.from(chunk)]))
      acknowledge(`${info.id} ${id} ${info.sizeBytes}`)
    }
  }
  await Promise.all(Array.from({ length: 4 }, (_, id) => writer(id)))
}

async function* chunks(all: Uint8Array[]): AsyncIterable<Uint8Array> {
  yield* all
}

async function writeLogs(logs: LogStore): Promise<void> {
  await logs.createGroup(scope, '/group', new Date())
  await logs.createStream(scope, '/group', 'stream', new Date())
  for (let n = 0; ; n++) {
    const events = Array.from({ length: 10 }, (_, i) => ({ timestamp: new Date(n), message: `line ${n * 10 + i}` }))
    await logs.append(scope, '/group', 'stream', events, `${(n + 1) * 10}`)
    acknowledge(`${(n + 1) * 10}`)
  }
}

if (work === 'store') await writeRows(opened as Store)
else if (work === 'blobs') await writeBlobs(opened as Blobs)
else await writeLogs(opened as LogStore)
