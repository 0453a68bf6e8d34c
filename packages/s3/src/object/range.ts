import { ApiError, type ByteRange } from '@sagebrush/core'
import { invalidRequest } from '../request-errors.ts'
import type { ObjectRecord } from './object.ts'

/** What of an object is asked for: `range` is absent where all of it is. */
export interface Selection {
  readonly range?: ByteRange
  readonly length: number
  /** `bytes 0-99/1234`: its presence makes the answer a 206. */
  readonly contentRange?: string
  readonly partsCount?: number
}

/** The bytes that `Range` or `partNumber` asks for; throws InvalidRange or InvalidPartNumber (both 416). */
export function select(
  object: ObjectRecord,
  input: { readonly Range?: string; readonly PartNumber?: number },
): Selection {
  if (input.PartNumber !== undefined) {
    if (input.Range !== undefined) {
      throw invalidRequest('Cannot specify both Range header and partNumber query parameter')
    }
    return selectPart(object, input.PartNumber)
  }
  const range = input.Range === undefined ? undefined : parseRange(input.Range, object.sizeBytes)
  return range ? selected(object, range) : { length: object.sizeBytes }
}

function selected(object: ObjectRecord, range: ByteRange): Selection {
  return {
    range,
    length: range.end - range.start + 1,
    contentRange: `bytes ${range.start}-${range.end}/${object.sizeBytes}`,
  }
}

function selectPart(object: ObjectRecord, number: number): Selection {
  const parts = object.parts ?? [{ number: 1, sizeBytes: object.sizeBytes }]
  const partsCount = object.parts?.length
  let start = 0
  // S3 counts the parts of the object, whatever numbers they were uploaded under.
  for (const [index, part] of parts.entries()) {
    if (index + 1 === number) {
      const counted = partsCount === undefined ? {} : { partsCount }
      if (part.sizeBytes === 0) return { length: 0, ...counted }
      return { ...selected(object, { start, end: start + part.sizeBytes - 1 }), ...counted }
    }
    start += part.sizeBytes
  }
  throw new ApiError('InvalidPartNumber', 'The requested partnumber is not satisfiable', {
    status: 416,
    members: { PartNumberRequested: number, ActualPartCount: parts.length },
  })
}

/**
 * One range of a `Range` header; undefined where S3 answers with the whole object (another unit, several ranges, or
 * no valid range at all).
 */
export function parseRange(header: string, sizeBytes: number): ByteRange | undefined {
  const [, first, last] = /^\s*bytes\s*=\s*(\d*)\s*-\s*(\d*)\s*$/i.exec(header) ?? []
  if (first === undefined || last === undefined || (first === '' && last === '')) return undefined
  if (first === '') {
    const suffix = Math.min(Number(last), sizeBytes)
    if (suffix === 0) throw invalidRange(header, sizeBytes)
    return { start: sizeBytes - suffix, end: sizeBytes - 1 }
  }
  const start = Number(first)
  const end = last === '' ? sizeBytes - 1 : Math.min(Number(last), sizeBytes - 1)
  if (last !== '' && Number(last) < start) return undefined
  if (start >= sizeBytes) throw invalidRange(header, sizeBytes)
  return { start, end }
}

export function invalidRange(header: string, sizeBytes: number): ApiError {
  return new ApiError('InvalidRange', 'The requested range is not satisfiable', {
    status: 416,
    members: { RangeRequested: header, ActualObjectSize: sizeBytes },
  })
}
