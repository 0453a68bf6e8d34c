import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { expect, onTestFinished, test } from 'vitest'
import { BulkStream } from './bulk-stream.ts'
import { type Answer, BulkThread } from './bulk-thread.ts'

/** Ends when it is told the end of a stream, and says that a file was let go when it is told so. */
const mortal = `
  const { parentPort } = require('node:worker_threads')
  parentPort.on('message', (order) => {
    if (order.end) process.exit(3)
    if (order.drop) parentPort.postMessage({ stream: order.stream, dropped: true })
  })`

function beginMortal() {
  const threads: Worker[] = []
  const bulk = new BulkThread(() => {
    const thread = new Worker(mortal, { eval: true })
    threads.push(thread)
    return thread
  })
  const open = () => {
    const answers: Answer[] = []
    const { promise, reject } = Promise.withResolvers<never>()
    promise.catch(() => {})
    const stream = bulk.open({ answered: (answer) => answers.push(answer), failed: reject })
    return { stream, answers, failure: promise }
  }
  return { bulk, threads, open }
}

test('every stream of a thread that ends is told so, nothing more is sent for it, and the next begins another', async () => {
  const { bulk, threads, open } = beginMortal()
  const first = open()
  const second = open()
  bulk.send({ stream: first.stream, end: true })
  await expect(first.failure).rejects.toThrow('the thread for uploads ended with code 3')
  await expect(second.failure).rejects.toThrow('the thread for uploads ended with code 3')
  bulk.send({ stream: second.stream, drop: true })
  expect(threads).toHaveLength(1)

  const third = open()
  expect(threads).toHaveLength(2)
  bulk.send({ stream: third.stream, drop: true })
  await expect.poll(() => third.answers).toEqual([{ stream: third.stream, dropped: true }])
  expect([first.answers, second.answers]).toEqual([[], []])
  await threads[1]?.terminate()
})

test('an upload whose thread ended is told so at its next bytes, and its file is let go', async () => {
  const { bulk, threads } = beginMortal()
  const stream = new BulkStream(bulk, ['sha256'])
  stream.update(new Uint8Array(200_000))
  const ended = once(threads[0] as Worker, 'exit')
  await threads[0]?.terminate()
  await ended
  await expect(stream.update(new Uint8Array(10))).rejects.toThrow('the thread for uploads ended')
  await expect(stream.finish()).rejects.toThrow('the thread for uploads ended')
  await stream.drop()
})

test('the process waits for a stream that is open, and for none that is closed', () => {
  const module = JSON.stringify(new URL('./bulk-thread.ts', import.meta.url).href)
  const code = `
    const { BulkThread } = await import(${module})
    const bulk = new BulkThread()
    const hash = (text) => new Promise((resolve, failed) => {
      const stream = bulk.open({
        failed,
        answered: ({ digests }) => {
          if (!digests) return
          bulk.close(stream)
          resolve(Buffer.from(digests.md5).toString('hex'))
        },
      })
      bulk.send({ stream, names: ['md5'], file: undefined })
      bulk.send({ stream, bytes: new TextEncoder().encode(text).buffer, length: text.length })
      bulk.send({ stream, end: true })
    })
    console.log(await hash('abc'))
    console.log(await hash('abc'))`
  const folder = mkdtempSync(join(tmpdir(), 'bulk-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  writeFileSync(join(folder, 'main.mjs'), code)
  const output = execFileSync(process.execPath, [join(folder, 'main.mjs')], { timeout: 20_000 })
  expect(output.toString()).toBe('900150983cd24fb0d6963f7d28e17f72\n'.repeat(2))
})
