import type { TimestampFormat } from '@sagebrush/contract'

/** Undefined where the value is no time in that format. Epoch seconds may carry milliseconds. */
export function parseTime(value: string | number, format: TimestampFormat): Date | undefined {
  if (typeof value === 'number' || (format === 'unixTimestamp' && EPOCH.test(value))) {
    return valid(new Date(Math.round(Number(value) * 1000)))
  }
  if (format === 'unixTimestamp' || format === 'iso8601') return ISO.test(value) ? valid(new Date(value)) : undefined
  return HTTP_DATE.test(value) ? valid(new Date(value)) : undefined
}

export function formatTime(time: Date, format: TimestampFormat): string | number {
  switch (format) {
    case 'unixTimestamp':
      return time.getTime() / 1000
    case 'iso8601':
      return time.toISOString()
    case 'rfc822':
      return time.toUTCString()
  }
}

const EPOCH = /^-?\d+(\.\d+)?$/
const ISO = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?$/
/** `Tue, 29 Apr 2014 18:30:38 GMT`, and the older forms that HTTP still allows. */
const HTTP_DATE = /^[A-Z][a-z]{2,8},? [\dA-Za-z: -]{10,30}( GMT)?$/

function valid(date: Date): Date | undefined {
  return Number.isNaN(date.getTime()) ? undefined : date
}
