/*
 * Percent-encoding by bytes. A request's target reaches us as one character per byte, and S3 keys need not be UTF-8,
 * so decodeURIComponent (which throws on such) is no way to compare two encodings.
 */

const HEX = '0123456789ABCDEF'

/** RFC 3986's unreserved characters: what AWS leaves as they are. */
const UNRESERVED = new Uint8Array(256)
for (const c of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~') UNRESERVED[c.charCodeAt(0)] = 1

const SLASH = 0x2f
const PERCENT = 0x25
const PLUS = 0x2b

function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30
  const letter = code | 0x20
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1
}

/** The byte that `%XX` at `i` stands for, or -1 where it is none. */
function escapedByte(text: string, i: number): number {
  if (i + 2 >= text.length) return -1
  const high = hexDigit(text.charCodeAt(i + 1))
  const low = hexDigit(text.charCodeAt(i + 2))
  return high < 0 || low < 0 ? -1 : high * 16 + low
}

function encodeByte(byte: number): string {
  return `%${HEX[byte >> 4]}${HEX[byte & 15]}`
}

/** Encodes every byte but the unreserved ones and slashes; a percent sign too, so a path that is encoded is so twice. */
export function encodePathAgain(path: string): string {
  if (isPlainPath(path)) return path
  let out = ''
  for (let i = 0; i < path.length; i++) {
    const byte = path.charCodeAt(i) & 0xff
    out += UNRESERVED[byte] || byte === SLASH ? path[i] : encodeByte(byte)
  }
  return out
}

/** The one spelling of a path that stands for the same bytes: `%7e` → `~`, `%2f` → `%2F`, `:` → `%3A`. */
export function respellPath(path: string): string {
  return isPlainPath(path) ? path : respell(path, 0, path.length, true, false)
}

/** The same for a piece of a query, where a plus sign is a space. */
export function respellQuery(text: string, start: number, end: number): string {
  for (let i = start; i < end; i++) {
    if (!UNRESERVED[text.charCodeAt(i) & 0xff]) return respell(text, start, end, false, true)
  }
  return text.slice(start, end)
}

function isPlainPath(path: string): boolean {
  for (let i = 0; i < path.length; i++) {
    const code = path.charCodeAt(i)
    if (!UNRESERVED[code & 0xff] && code !== SLASH) return false
  }
  return true
}

function respell(text: string, start: number, end: number, keepSlash: boolean, plusIsSpace: boolean): string {
  let out = ''
  for (let i = start; i < end; i++) {
    let byte = text.charCodeAt(i) & 0xff
    if (keepSlash && byte === SLASH) {
      out += '/'
      continue
    }
    if (byte === PERCENT) {
      const escaped = i + 2 < end ? escapedByte(text, i) : -1
      if (escaped >= 0) {
        byte = escaped
        i += 2
      }
    } else if (plusIsSpace && byte === PLUS) byte = 0x20
    out += UNRESERVED[byte] ? String.fromCharCode(byte) : encodeByte(byte)
  }
  return out
}

/** Without `.` and `..` segments and doubled slashes, as every service but S3 sees a path. */
export function normalizePath(path: string): string {
  if (!path.includes('//') && !path.includes('/.')) return path
  const kept: string[] = []
  for (const segment of path.split('/')) {
    if (segment === '' || segment === '.') continue
    if (segment === '..') kept.pop()
    else kept.push(segment)
  }
  const trailing = kept.length > 0 && path.endsWith('/') ? '/' : ''
  return `/${kept.join('/')}${trailing}`
}

/** False where a percent sign begins no `%XX`. */
export function isWellEscaped(text: string): boolean {
  for (let i = text.indexOf('%'); i >= 0; i = text.indexOf('%', i + 1)) {
    if (escapedByte(text, i) < 0) return false
  }
  return true
}

/** Decodes to bytes and reads them as UTF-8; undefined where they are none. */
export function decodePercent(text: string, plusIsSpace: boolean): string | undefined {
  let plain = true
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code === PERCENT || code > 0x7f || (plusIsSpace && code === PLUS)) {
      plain = false
      break
    }
  }
  if (plain) return text
  const bytes = Buffer.allocUnsafe(text.length)
  let length = 0
  for (let i = 0; i < text.length; i++) {
    let byte = text.charCodeAt(i) & 0xff
    if (byte === PERCENT) {
      const escaped = escapedByte(text, i)
      if (escaped >= 0) {
        byte = escaped
        i += 2
      }
    } else if (plusIsSpace && byte === PLUS) byte = 0x20
    bytes[length++] = byte
  }
  try {
    return utf8.decode(bytes.subarray(0, length))
  } catch {
    return undefined
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The pairs of a query or of a form, in the order sent. A name or value that is no UTF-8 yields undefined. */
export function parseQuery(query: string): readonly (readonly [name: string, value: string])[] | undefined {
  const pairs: (readonly [string, string])[] = []
  for (const piece of query.split('&')) {
    if (piece === '') continue
    const equals = piece.indexOf('=')
    const name = decodePercent(equals < 0 ? piece : piece.slice(0, equals), true)
    const value = equals < 0 ? '' : decodePercent(piece.slice(equals + 1), true)
    if (name === undefined || value === undefined) return undefined
    pairs.push([name, value])
  }
  return pairs
}
