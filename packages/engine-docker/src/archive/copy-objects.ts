import { createReadStream } from 'node:fs'
import { pipeline } from 'node:stream/promises'
import type { StagedObject } from '@sagebrush/core'
import { pack } from 'tar-stream'
import { type EngineAddress, EngineApi } from '../engine-api.ts'

export interface CopyOrder {
  readonly address: EngineAddress
  readonly container: string
  readonly path: string
  readonly objects: readonly StagedObject[]
  readonly files: readonly { readonly path: string; readonly content: string }[]
}

/** Copies objects and small files into a folder of a container: for engines that do not see this machine's files. */
export async function copyObjects({ address, container, path, objects, files }: CopyOrder): Promise<void> {
  const target = pack()
  const sent = new EngineApi(address).call('PUT', `/containers/${container}/archive`, { query: { path }, tar: target })
  sent.catch(() => {})
  try {
    for (const { path: name, content } of files) target.entry({ name, mode: 0o644 }, content)
    for (const { name, path: file, sizeBytes } of objects) {
      await pipeline(createReadStream(file), target.entry({ name, size: sizeBytes, mode: 0o644 }))
    }
  } catch (error) {
    target.destroy()
    await sent.catch(() => {})
    throw error
  }
  target.finalize()
  await sent
}
