import { parentPort } from 'node:worker_threads'
import { StagingError } from '@sagebrush/core'
import { EngineApiError } from '../engine-api.ts'
import type { Call } from './archive-worker.ts'
import { buildImage } from './build-image.ts'
import { collect } from './collect.ts'
import { copyObjects } from './copy-objects.ts'
import { linkObjects, writeFiles } from './link-objects.ts'
import { unpack } from './unpack.ts'

const substitutes = new Map<string, string>()

async function run(call: Call): Promise<unknown> {
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
      return await buildImage(call.order)
    case 'collect':
      return await collect(call.order)
  }
}

parentPort?.on('message', async ({ id, call }: { id: number; call: Call }) => {
  try {
    parentPort?.postMessage({ id, output: await run(call) })
  } catch (error) {
    const { name, message, code } = error as NodeJS.ErrnoException
    const status = error instanceof EngineApiError ? error.status : undefined
    parentPort?.postMessage({ id, error: { name, message, code, status, staging: error instanceof StagingError } })
  }
})
