import { ApiError } from '@sagebrush/core'

export function noSuchGroup(): ApiError {
  return new ApiError('ResourceNotFoundException', 'The specified log group does not exist.', { status: 400 })
}

export function noSuchStream(): ApiError {
  return new ApiError('ResourceNotFoundException', 'The specified log stream does not exist.', { status: 400 })
}

export function groupExists(): ApiError {
  return new ApiError('ResourceAlreadyExistsException', 'The specified log group already exists', { status: 400 })
}

export function streamExists(): ApiError {
  return new ApiError('ResourceAlreadyExistsException', 'The specified log stream already exists', { status: 400 })
}

export function invalidParameter(message: string): ApiError {
  return new ApiError('InvalidParameterException', message, { status: 400 })
}

export function invalidToken(): ApiError {
  return invalidParameter('The specified nextToken is invalid.')
}
