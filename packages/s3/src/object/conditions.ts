import { ApiError } from '@sagebrush/core'
import { invalidArgument } from '../request-errors.ts'
import { noSuchKey, type ObjectRecord } from './object.ts'

export interface WriteConditions {
  readonly IfMatch?: string
  readonly IfNoneMatch?: string
}

export interface ReadConditions extends WriteConditions {
  readonly IfModifiedSince?: Date
  readonly IfUnmodifiedSince?: Date
}

type Conditioned = Pick<ObjectRecord, 'etag' | 'modified'>

/** Throws unless the object that is there (or its absence) is what the write expects. */
export function checkWrite(conditions: WriteConditions, key: string, current: Conditioned | undefined): void {
  const { IfMatch, IfNoneMatch } = conditions
  if (IfNoneMatch !== undefined && IfNoneMatch !== '*') {
    throw new ApiError('NotImplemented', 'A header you provided implies functionality that is not implemented', {
      status: 501,
      members: { Header: 'If-None-Match', additionalMessage: 'Only If-None-Match: * is allowed when writing' },
    })
  }
  if (IfNoneMatch !== undefined && IfMatch !== undefined) {
    throw invalidArgument('If-Match and If-None-Match cannot be given together', 'If-None-Match', IfNoneMatch)
  }
  if (IfNoneMatch === '*' && current) throw preconditionFailed('If-None-Match')
  if (IfMatch === undefined) return
  if (!current) throw noSuchKey(key)
  if (!matches(IfMatch, current.etag)) throw preconditionFailed('If-Match')
}

/**
 * Throws PreconditionFailed or NotModified (304, with what its headers tell). As RFC 9110 §13.2.2 and S3 have it,
 * a tag that is given outranks the date beside it.
 */
export function checkRead(conditions: ReadConditions, object: Conditioned): void {
  const failed = failedCondition(conditions, object)
  if (failed === 'If-None-Match' || failed === 'If-Modified-Since') throw notModified(object)
  if (failed) throw preconditionFailed(failed)
}

/** The conditions on the source of a copy: all of them failing alike, by PreconditionFailed. */
export function checkCopySource(conditions: ReadConditions, object: Conditioned): void {
  const failed = failedCondition(conditions, object)
  if (failed) throw preconditionFailed(`x-amz-copy-source-${failed}`)
}

function failedCondition(conditions: ReadConditions, object: Conditioned) {
  const { IfMatch, IfNoneMatch, IfModifiedSince, IfUnmodifiedSince } = conditions
  if (IfMatch !== undefined) {
    if (!matches(IfMatch, object.etag)) return 'If-Match'
  } else if (IfUnmodifiedSince && object.modified > IfUnmodifiedSince) return 'If-Unmodified-Since'
  if (IfNoneMatch !== undefined) return matches(IfNoneMatch, object.etag) ? 'If-None-Match' : undefined
  return IfModifiedSince && object.modified <= IfModifiedSince ? 'If-Modified-Since' : undefined
}

/** `condition` is `*` or a list of tags, each with quotes or without, weak or not. */
function matches(condition: string, etag: string): boolean {
  if (condition.trim() === '*') return true
  return condition.split(',').some(
    (tag) =>
      tag
        .trim()
        .replace(/^W\//, '')
        .replace(/^"(.*)"$/, '$1') === etag,
  )
}

export function preconditionFailed(condition: string): ApiError {
  return new ApiError('PreconditionFailed', 'At least one of the pre-conditions you specified did not hold', {
    status: 412,
    members: { Condition: condition },
  })
}

function notModified(object: Conditioned): ApiError {
  return new ApiError('NotModified', 'Not Modified', {
    status: 304,
    members: { ETag: `"${object.etag}"`, LastModified: object.modified },
  })
}
