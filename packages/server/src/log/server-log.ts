import { appendFileSync, existsSync, renameSync, statSync } from 'node:fs'
import { join } from 'node:path'

export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/** What a line is about: `requestId`, `resource`, `error` and other plain values. Never a secret. */
export type LogFields = Readonly<Record<string, unknown>>

export interface ServerLog {
  debug(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
}

const order: readonly LogLevel[] = ['debug', 'info', 'warn', 'error']
const KEPT_FILES = 5

export interface ServerLogOptions {
  readonly folder: string
  readonly level: LogLevel
  readonly maxBytes: number
  readonly now: () => Date
  /** Where people read along: a terminal gets words, a pipe gets the JSON lines; undefined: nobody. */
  readonly console?: { readonly isTTY?: boolean; write(text: string): unknown } | undefined
}

/**
 * JSON lines in `server.log` of the folder, rotated to `server.log.1` … `.5`. Lines are few (one a change of state,
 * one a fault), so they are written at once: what is logged before a crash is there after it.
 */
export function openServerLog(options: ServerLogOptions): ServerLog {
  const file = join(options.folder, 'server.log')
  let size = existsSync(file) ? statSync(file).size : 0
  const write = (level: LogLevel, message: string, fields: LogFields = {}) => {
    if (order.indexOf(level) < order.indexOf(options.level)) return
    const time = options.now().toISOString()
    const line = `${JSON.stringify({ time, level, message, ...plain(fields) })}\n`
    size += Buffer.byteLength(line)
    if (size > options.maxBytes) {
      rotate(file)
      size = Buffer.byteLength(line)
    }
    try {
      appendFileSync(file, line, { mode: 0o600 })
    } catch {
      // The disk is full or the home was removed: the work goes on without its log.
    }
    options.console?.write(options.console.isTTY ? words(time, level, message, fields) : line)
  }
  return {
    debug: (message, fields) => write('debug', message, fields),
    info: (message, fields) => write('info', message, fields),
    warn: (message, fields) => write('warn', message, fields),
    error: (message, fields) => write('error', message, fields),
  }
}

function rotate(file: string): void {
  for (let number = KEPT_FILES - 1; number >= 0; number--) {
    const from = number === 0 ? file : `${file}.${number}`
    if (existsSync(from)) renameSync(from, `${file}.${number + 1}`)
  }
}

function plain(fields: LogFields): LogFields {
  return Object.fromEntries(
    Object.entries(fields).map(([key, value]) => [key, value instanceof Error ? errorText(value) : value]),
  )
}

function errorText(error: Error): string {
  const cause = error.cause instanceof Error ? `\ncaused by ${errorText(error.cause)}` : ''
  return `${error.stack ?? `${error.name}: ${error.message}`}${cause}`
}

function words(time: string, level: LogLevel, message: string, fields: LogFields): string {
  const colour = { debug: '\x1b[2m', info: '', warn: '\x1b[33m', error: '\x1b[31m' }[level]
  const details = Object.entries(plain(fields))
    .map(([key, value]) => `  \x1b[2m${key}=${typeof value === 'string' ? value : JSON.stringify(value)}\x1b[0m`)
    .join('')
  return `\x1b[2m${time.slice(11, 23)}\x1b[0m ${colour}${message}\x1b[0m${details}\n`
}
