/** Who must change something for the request to succeed. */
export type Fault = 'client' | 'server'

export interface ApiErrorOptions {
  /** HTTP status; 400 for a client fault and 500 for a server fault unless the API's model says otherwise. */
  readonly status?: number
  readonly fault?: Fault
  /** Further modelled members of the error's shape (`OriginalStatusCode`, `BucketName`, …). */
  readonly members?: Readonly<Record<string, unknown>>
  readonly cause?: unknown
}

/**
 * The one error that reaches a client as written. `name` is the modelled error name or code
 * (`ValidationException`, `NoSuchKey`); the protocol decides how it looks on the wire.
 * Everything else that is thrown becomes `InternalFailure` without detail.
 */
export class ApiError extends Error {
  readonly status: number
  readonly fault: Fault
  readonly members: Readonly<Record<string, unknown>>

  constructor(name: string, message: string, options: ApiErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = name
    this.fault = options.fault ?? ((options.status ?? 400) >= 500 ? 'server' : 'client')
    this.status = options.status ?? (this.fault === 'server' ? 500 : 400)
    this.members = options.members ?? {}
  }
}

/** SageMaker's answer to bad input, to names not found and to names already taken. */
export function validationError(message: string): ApiError {
  return new ApiError('ValidationException', message, { status: 400 })
}
