import type { ServerResponse } from 'node:http'
import type { AccessKey, Caller, RequestContext } from '@sagebrush/core'
import type { WireRequest } from '../wire/wire-request.ts'

interface Proven {
  readonly key: AccessKey
  readonly claim: { readonly region: string }
}

/** What an operation learns of the request. The abort signal is made when it is asked for: most never ask. */
export function requestContext(
  request: WireRequest,
  identity: Proven,
  response: ServerResponse,
  requestId: string,
  now: () => Date,
): RequestContext {
  let controller: AbortController | undefined
  return {
    caller: callerOf(identity),
    requestId,
    get signal() {
      if (!controller) {
        const made = new AbortController()
        controller = made
        const onClose = () => {
          if (!response.writableFinished) made.abort()
        }
        if (response.closed || response.destroyed) onClose()
        else response.once('close', onClose)
      }
      return controller.signal
    },
    waiter: isWaiter(request.headers['user-agent']),
    headers: request.headers,
    now,
  }
}

function callerOf({ key, claim }: Proven): Caller {
  return {
    account: key.account,
    region: claim.region,
    accessKeyId: key.accessKeyId,
    arn: key.arn,
    userId: key.userId,
  }
}

/**
 * botocore lists the features that a call uses as `m/N,E,B` in its User-Agent; `B` is its waiters. Version 2 of the AWS
 * CLI before it took that over (2.9, say) names the command instead: `command/sagemaker.wait.endpoint-in-service`.
 */
export function isWaiter(userAgent: string | undefined): boolean {
  if (userAgent === undefined) return false
  if (/(?:^| )command\/[a-z0-9-]+\.wait\./.test(userAgent)) return true
  const start = userAgent.startsWith('m/') ? 2 : userAgent.indexOf(' m/') + 3
  if (start === 2 && !userAgent.startsWith('m/')) return false
  const end = userAgent.indexOf(' ', start)
  return userAgent
    .slice(start, end < 0 ? undefined : end)
    .split(',')
    .includes('B')
}
