import { ApiError, type Scope } from '@sagebrush/core'
import type { Dispatcher } from 'undici'
import type { Instance } from './instance.ts'
import { isTimeout, neverSent, noResponse, timedOut } from './model-error.ts'
import { refuseTarget, type Targeting } from './refuse-target.ts'
import type { Router, Target } from './router.ts'

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Buffer
}

/** Body limit. AWS's gateway refuses without an error type, so clients see the status: github.com/aws/sagemaker-python-sdk/issues/171. */
export function requireSize(router: Router, body: Uint8Array | undefined): void {
  const limit = router.config.maxBodyBytes
  if (body !== undefined && body.byteLength > limit) {
    throw new ApiError('413', `HTTP content length exceeded ${limit} bytes.`, { status: 413 })
  }
}

/**
 * Runs `send` against an instance of the endpoint. One that cannot be reached at all gives the request to another;
 * everything else that goes wrong below HTTP becomes a ModelError.
 */
export async function withTarget<T>(
  router: Router,
  scope: Scope,
  request: Targeting & { readonly TargetVariant?: string },
  send: (target: Target) => Promise<T>,
): Promise<T> {
  let without: Set<Instance> | undefined
  for (;;) {
    const target = router.pick(scope, request.EndpointName, request.TargetVariant, without)
    refuseTarget(request)
    try {
      return await send(target)
    } catch (error) {
      if (error instanceof ApiError) throw error
      if (isTimeout(error)) throw timedOut(scope, target)
      if (!neverSent(error)) throw noResponse(scope, target, error)
      without = (without ?? new Set()).add(target.instance)
    }
  }
}

/** One whole exchange, buffered. Below undici's `request`: no stream is made for an answer of one chunk. */
export function exchange(
  { rightOfWay }: Router,
  target: Target,
  headers: Record<string, string>,
  body: Uint8Array | undefined,
): Promise<Answer> {
  const { instance } = target
  instance.begin()
  const answered = rightOfWay.begin()
  return new Promise<Answer>((resolve, reject) => {
    const handler = new Collector(
      (answer) => {
        answered()
        instance.end()
        resolve(answer)
      },
      (error) => {
        answered()
        instance.end()
        reject(error)
      },
    )
    instance.pool.dispatch({ method: 'POST', path: '/invocations', headers, body: body ?? null }, handler)
  })
}

class Collector implements Dispatcher.DispatchHandler {
  readonly #resolve: (answer: Answer) => void
  readonly #reject: (error: Error) => void
  readonly #chunks: Buffer[] = []
  #status = 0
  #headers: Answer['headers'] = {}

  constructor(resolve: (answer: Answer) => void, reject: (error: Error) => void) {
    this.#resolve = resolve
    this.#reject = reject
  }

  onRequestStart(): void {}

  onResponseStart(_controller: unknown, status: number, headers: Answer['headers']): void {
    // 1xx are no answer.
    if (status < 200) return
    this.#status = status
    this.#headers = headers
  }

  onResponseData(_controller: unknown, chunk: Buffer): void {
    this.#chunks.push(chunk)
  }

  onResponseEnd(): void {
    const [only] = this.#chunks
    const body = this.#chunks.length === 1 && only ? only : Buffer.concat(this.#chunks)
    this.#resolve({ status: this.#status, headers: this.#headers, body })
  }

  onResponseError(_controller: unknown, error: Error): void {
    this.#reject(error)
  }
}
