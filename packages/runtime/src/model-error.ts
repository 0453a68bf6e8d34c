import { ApiError, formatArn, type Scope } from '@sagebrush/core'
import type { Target } from './router.ts'

/** What the container says is quoted up to this length. */
const QUOTED_CHARACTERS = 10_000

/** The container answered, but not with success. AWS's wording; its log is named instead of AWS's console. */
export function modelError(scope: Scope, target: Target, status: number, body: string): ApiError {
  return failure(scope, target, status, status >= 500 ? 'server' : 'client', body.slice(0, QUOTED_CHARACTERS))
}

/** No answer within the time of an invocation. */
export function timedOut(scope: Scope, target: Target): ApiError {
  return failure(
    scope,
    target,
    0,
    'server',
    'Your invocation timed out while waiting for a response from container primary. Review the latency metrics for each container in Amazon CloudWatch, resolve the issue, and try again.',
  )
}

/** The connection broke: the container died or closed it in the middle of an answer. */
export function noResponse(scope: Scope, target: Target, cause: unknown): ApiError {
  const why = cause instanceof Error ? cause.message : String(cause)
  const text = `Amazon SageMaker could not get a response from the ${endpointOf(target)} endpoint: ${why}`
  return failure(scope, target, 0, 'server', text, cause)
}

export function isTimeout(error: unknown): boolean {
  const code = codeOf(error)
  return code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT'
}

/** True where no byte can have reached the container, so that another instance may be asked. */
export function neverSent(error: unknown): boolean {
  const code = codeOf(error)
  return code === 'ECONNREFUSED' || code === 'ENOENT' || code === 'UND_ERR_CONNECT_TIMEOUT'
}

export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

function endpointOf(target: Target): string {
  return target.logGroup.slice(target.logGroup.lastIndexOf('/') + 1)
}

function failure(
  scope: Scope,
  target: Target,
  status: number,
  side: 'client' | 'server',
  message: string,
  cause?: unknown,
): ApiError {
  return new ApiError(
    'ModelError',
    `Received ${side} error (${status}) from primary with message "${message}". See CloudWatch log group ${target.logGroup} in account ${scope.account} for more information.`,
    {
      status: 424,
      fault: 'client',
      members: {
        OriginalStatusCode: status,
        OriginalMessage: message,
        LogStreamArn: formatArn(
          'logs',
          scope,
          `log-group:${target.logGroup}:log-stream:${target.instance.routed.logStream}`,
        ),
      },
      ...(cause === undefined ? {} : { cause }),
    },
  )
}
