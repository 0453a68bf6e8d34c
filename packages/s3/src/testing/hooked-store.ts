import type { Collection, CollectionSpec, Store } from '@sagebrush/core'

export interface StoreHooks {
  /** Runs before a bucket's row is looked for to be removed. */
  beforeBucketRemoved?: (() => Promise<void>) | undefined
}

/** A real store, with room between two steps for what a test wants to happen there. */
export function hookedStore(store: Store, hooks: StoreHooks): Store {
  return {
    close: () => store.close(),
    collection<T>(spec: CollectionSpec<T>): Collection<T> {
      const rows = store.collection(spec)
      if (spec.name !== 's3_buckets') return rows
      const remove = rows.remove.bind(rows)
      return Object.assign(rows, {
        async remove(...asked: Parameters<typeof remove>) {
          await hooks.beforeBucketRemoved?.()
          return remove(...asked)
        },
      })
    },
  }
}
