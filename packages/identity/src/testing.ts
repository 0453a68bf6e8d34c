import type { Caller, RequestContext } from '@sagebrush/core'
import { memoryStore } from '@sagebrush/store-kit'
import type { IdentityContext, IdentityMode, IdentityPorts } from './context.ts'
import { openIdentity } from './open-identity.ts'

/** An identity over a store in memory, with a clock that the test turns and a log that it reads. */
export async function openTestIdentity(mode: IdentityMode = 'auto', store = memoryStore(), machine?: () => Date) {
  let now = new Date('2026-01-02T03:04:05.678Z')
  const logged: { level: string; message: string; fields: Readonly<Record<string, string>> }[] = []
  const clock = machine ?? (() => now)
  const identity = await openIdentity({
    store,
    clock,
    config: { mode },
    log: (level, message, fields) => logged.push({ level, message, fields }),
  })
  return {
    ...identity,
    store,
    logged,
    clock,
    advance: (ms: number) => {
      now = new Date(now.getTime() + ms)
    },
    /** The context that the dispatcher would make for a request signed with this key. */
    as: async (accessKeyId: string, region = 'us-east-1'): Promise<IdentityContext> => {
      const key = await identity.accessKeys.find(accessKeyId)
      if (!key) throw new Error(`no key ${accessKeyId}`)
      const { account, arn, userId } = key
      return contextOf(identity.iam.context, { accessKeyId, account, arn, userId, region }, clock)
    },
  }
}

function contextOf(ports: IdentityPorts, caller: Caller, now: () => Date): IdentityContext {
  const request: RequestContext = {
    caller,
    requestId: 'test-request',
    signal: new AbortController().signal,
    waiter: false,
    headers: {},
    now,
  }
  return { ...request, ...ports }
}
