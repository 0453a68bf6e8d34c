import type { MemberModel, Shape, TimestampFormat } from '@sagebrush/contract'
import { formatTime, parseTime } from './timestamps.ts'

/** A scalar from its text in a path, query, header, form or element; undefined where the text is no such value. */
export function parseScalar(shape: Shape, member: MemberModel, text: string, timeFormat: TimestampFormat): unknown {
  switch (shape.type) {
    case 'string':
      return text
    case 'boolean':
      return text === 'true' || text === 'TRUE' ? true : text === 'false' || text === 'FALSE' ? false : undefined
    case 'timestamp': {
      const format = member.timestampFormat ?? shape.timestampFormat ?? timeFormat
      // HTTP's conditional headers come in either form from one client or another.
      return parseTime(text, format) ?? (format === 'rfc822' ? parseTime(text, 'iso8601') : undefined)
    }
    case 'blob':
      return /^[A-Za-z0-9+/\s]*={0,2}\s*$/.test(text) ? Buffer.from(text, 'base64') : undefined
    case 'float':
    case 'double':
    case 'bigdecimal':
      return text !== '' && (/^[-+\d.eE]+$/.test(text) || /^(NaN|-?Infinity)$/.test(text)) ? asNumber(text) : undefined
    case 'structure':
    case 'list':
    case 'map':
      return undefined
    default:
      return /^[-+]?\d{1,19}$/.test(text) ? asNumber(text) : undefined
  }
}

function asNumber(text: string): number | undefined {
  const value = Number(text)
  return Number.isNaN(value) && text !== 'NaN' ? undefined : value
}

export function formatScalar(shape: Shape, member: MemberModel, value: unknown, timeFormat: TimestampFormat): string {
  if (value instanceof Date) {
    const format = member.timestampFormat ?? (shape.type === 'timestamp' ? shape.timestampFormat : undefined)
    return String(formatTime(value, format ?? timeFormat))
  }
  return value instanceof Uint8Array ? Buffer.from(value).toString('base64') : String(value)
}
