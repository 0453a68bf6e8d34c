import type { Blobs } from '@sagebrush/core'

export interface BlobHooks {
  /** Runs before the bytes are looked for. */
  beforeOpen?: (() => Promise<void>) | undefined
  /** Runs when the second name is there and before the caller learns of it. */
  afterLink?: (() => Promise<void>) | undefined
}

/** Real blobs, with room between two steps for what a test wants to happen there. */
export function hookedBlobs(blobs: Blobs, hooks: BlobHooks): Blobs {
  return {
    create: (source, options) => blobs.create(source, options),
    adopt: (path, digests) => blobs.adopt(path, digests),
    concat: (ids, digests) => blobs.concat(ids, digests),
    path: (id) => blobs.path(id),
    remove: (id) => blobs.remove(id),
    each: () => blobs.each(),
    async link(id) {
      const linked = await blobs.link(id)
      await hooks.afterLink?.()
      return linked
    },
    async open(id, range) {
      await hooks.beforeOpen?.()
      return blobs.open(id, range)
    },
  }
}
