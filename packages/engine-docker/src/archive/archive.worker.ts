import { parentPort } from 'node:worker_threads'
import { StagingError } from '@sagebrush/core'
import { EngineApiError } from '../engine-api.ts'
import type { Call, Message } from './archive-worker.ts'
import { buildImage } from './build-image.ts'
import { collect } from './collect.ts'
import { copyObjects } from './copy-objects.ts'
import { linkObjects, writeFiles } from './link-objects.ts'
import { unpack } from './unpack.ts'

const substitutes = new Map<string, string>()

const cancels = new Map<number, AbortController>()

async function run(call: Call, signal: AbortSignal): Promise<unknown> {
  switch (call.do) {
    case 'link':
      return linkObjects(call.order, substitutes)
    case 'write':
      return writeFiles(call.order)
    case 'copy':
      return await copyObjects(call.order)
    case 'unpack':
      return await unpack(call.order)
    case 'build':
      return await buildImage(call.order, signal)
    case 'collect':
      return await collect(call.order)
  }
}

parentPort?.on('message', async (message: Message) => {
  const { id } = message
  if ('cancel' in message) return cancels.get(id)?.abort()
  const cancel = new AbortController()
  cancels.set(id, cancel)
  try {
    parentPort?.postMessage({ id, output: await run(message.call, cancel.signal) })
  } catch (error) {
    const { name, message, code } = error as NodeJS.ErrnoException
    const status = error instanceof EngineApiError ? error.status : undefined
    parentPort?.postMessage({ id, error: { name, message, code, status, staging: error instanceof StagingError } })
  } finally {
    cancels.delete(id)
  }
})
