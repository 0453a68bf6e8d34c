import type { Hints, RequestContext } from '@sagebrush/core'
import type { SageMakerConfig } from './config.ts'

type Holder = Pick<RequestContext, 'waiter' | 'signal'> & {
  readonly hints: Hints
  readonly config: Pick<SageMakerConfig, 'holdMs'>
}

/**
 * What `load` finds; asked by a client's waiter while `inProgress`, held until that ends, the time is up or the
 * client goes. botocore's waiters sleep 30 to 120 s between two Describes: an answer that says "in progress" costs
 * the user that sleep, one that comes late costs nothing.
 */
export async function held<T>(
  ctx: Holder,
  key: string,
  load: () => Promise<T>,
  inProgress: (value: T) => boolean,
): Promise<T> {
  if (!ctx.waiter) return load()
  const until = performance.now() + ctx.config.holdMs
  for (;;) {
    const done = new AbortController()
    // Listening starts before loading, or a change between the two would be missed.
    const changed = ctx.hints.next(
      key,
      Math.max(0, until - performance.now()),
      AbortSignal.any([ctx.signal, done.signal]),
    )
    try {
      const value = await load()
      if (!inProgress(value)) return value
      if (!(await changed)) return load()
    } finally {
      done.abort()
    }
  }
}
