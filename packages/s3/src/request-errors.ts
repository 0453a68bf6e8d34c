import { ApiError, DiskFull } from '@sagebrush/core'

export function invalidArgument(message: string, name: string, value: unknown): ApiError {
  return new ApiError('InvalidArgument', message, {
    members: { ArgumentName: name, ArgumentValue: value === undefined ? '' : String(value) },
  })
}

export function invalidRequest(message: string): ApiError {
  return new ApiError('InvalidRequest', message)
}

export function malformedXml(): ApiError {
  return new ApiError(
    'MalformedXML',
    'The XML you provided was not well-formed or did not validate against our published schema',
  )
}

export function accessDenied(): ApiError {
  return new ApiError('AccessDenied', 'Access Denied', { status: 403 })
}

/** `feature` is said in the user's words: `Bucket versioning`. */
export function notImplemented(feature: string, fix: string): ApiError {
  return new ApiError('NotImplemented', `${feature} is not there yet in Sagebrush. ${fix}`, { status: 501 })
}

/**
 * Throws 507 in place of `DiskFull`. Neither botocore nor the JavaScript SDK sends a 507 again (both repeat 500,
 * 502, 503 and 504), so the client fails at once with the words below instead of filling the disk again.
 */
export async function diskFullAsApiError<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof DiskFull)) throw error
    throw new ApiError(
      'InsufficientStorage',
      'The disk of the Sagebrush server is full; nothing was stored. Free space in its home and send the request again.',
      { status: 507, cause: error },
    )
  }
}
