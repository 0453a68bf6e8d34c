import { ApiError } from '@sagebrush/core'

/** S3's error for a body that cannot be read or breaks the contract. */
export function malformedXml(detail: string): ApiError {
  return new ApiError(
    'MalformedXML',
    `The XML you provided was not well-formed or did not validate against our published schema: ${detail}`,
  )
}
