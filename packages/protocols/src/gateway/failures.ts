import { ApiError, type DiskFull } from '@sagebrush/core'
import { BodyTooLarge, BodyTruncated } from '../body/read-whole.ts'
import type { HostedService } from './hosted-service.ts'

/**
 * 501, for SDKs repeat calls that end in 500, 502, 503 and 504 (botocore, JavaScript, Java alike), and repeating
 * helps nothing here. It is also what S3 itself answers to what it does not implement.
 */
export function notImplemented(service: HostedService, operation: string): ApiError {
  const { family } = service.protocol
  return new ApiError(
    family === 's3' || family === 'query' ? 'NotImplemented' : 'NotImplementedException',
    `${operation} of ${service.model.metadata.serviceFullName} is not implemented by Sagebrush yet: see docs/api-coverage.md`,
    { status: 501, fault: 'server' },
  )
}

/** What is thrown while a body is read, as the service's own error; anything else is passed on. */
export function bodyError(service: HostedService, error: unknown): unknown {
  const { family } = service.protocol
  if (error instanceof BodyTooLarge) return tooLarge(service)
  if (!(error instanceof BodyTruncated)) return error
  return family === 's3'
    ? new ApiError(
        'IncompleteBody',
        'You did not provide the number of bytes specified by the Content-Length HTTP header.',
      )
    : new ApiError(family === 'query' ? 'MalformedInput' : 'SerializationException', 'The request body is incomplete.')
}

function tooLarge(service: HostedService): ApiError {
  const { family } = service.protocol
  const names = {
    s3: 'MaxMessageLengthExceeded',
    query: 'RequestEntityTooLarge',
    json: 'RequestEntityTooLargeException',
    // AWS names no type, and clients take the status: github.com/aws/sagemaker-python-sdk/issues/171.
    'rest-json': '413',
  }
  return new ApiError(names[family], `HTTP content length exceeded ${service.bodyLimitBytes} bytes.`, {
    status: family === 's3' ? 400 : 413,
    fault: 'client',
  })
}

/**
 * 507, which no SDK repeats (botocore and the JavaScript SDK repeat 500, 502, 503 and 504): the client fails at once
 * with words that help. The path of the home is not for it to see.
 */
export function diskFull(service: HostedService, cause: DiskFull): ApiError {
  const isJson = service.protocol.family === 'json' || service.protocol.family === 'rest-json'
  return new ApiError(
    isJson ? 'InsufficientStorageException' : 'InsufficientStorage',
    'The disk of the Sagebrush server is full; nothing was stored. Free space in its home and send the request again.',
    { status: 507, cause },
  )
}

/** For everything that was not meant for the client: no detail leaves. */
export function internalFailure(service: HostedService): ApiError {
  return service.protocol.family === 's3'
    ? new ApiError('InternalError', 'We encountered an internal error. Please try again.', { status: 500 })
    : new ApiError('InternalFailure', 'The request processing has failed because of an unknown error.', { status: 500 })
}

export function unknownService(signingName: string): ApiError {
  return new ApiError(
    'UnknownOperationException',
    `Sagebrush does not answer for the service '${signingName}': see docs/api-coverage.md`,
    { status: 400 },
  )
}
