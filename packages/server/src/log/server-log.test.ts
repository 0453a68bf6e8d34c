import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openServerLog } from './server-log.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sagebrush-log-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const now = () => new Date('2026-01-02T03:04:05.678Z')

test('lines are JSON in the file and on a pipe, words on a terminal', () => {
  const pipe: string[] = []
  openServerLog({ folder, level: 'info', maxBytes: 4096, now, console: { write: (text) => pipe.push(text) } }).warn(
    'slow',
    { requestId: 'r-1', error: new Error('no', { cause: new Error('deep') }) },
  )
  const terminal: string[] = []
  const log = openServerLog({
    folder,
    level: 'info',
    maxBytes: 4096,
    now,
    console: { isTTY: true, write: (text) => terminal.push(text) },
  })
  log.info('started', { url: 'http://x' })
  log.debug('not important enough')
  const lines = readFileSync(join(folder, 'server.log'), 'utf8').trim().split('\n')
  expect(lines).toHaveLength(2)
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({
    time: '2026-01-02T03:04:05.678Z',
    level: 'warn',
    requestId: 'r-1',
  })
  expect(lines[0]).toMatch(/Error: no.*caused by Error: deep/)
  expect(pipe.join('')).toBe(`${lines[0]}\n`)
  expect(terminal.join('')).toContain('03:04:05.678')
  expect(terminal.join('')).toContain('url=http://x')
  expect(statSync(join(folder, 'server.log')).mode & 0o777).toBe(0o600)
})

test('five old files are kept, none larger than asked', () => {
  const log = openServerLog({ folder, level: 'info', maxBytes: 4096, now })
  for (let line = 0; line < 500; line++) log.info('x'.repeat(100), { line })
  const files = readdirSync(folder).sort()
  expect(files).toEqual(['server.log', 'server.log.1', 'server.log.2', 'server.log.3', 'server.log.4', 'server.log.5'])
  for (const file of files) expect(statSync(join(folder, file)).size).toBeLessThanOrEqual(4096)
  expect(readFileSync(join(folder, 'server.log'), 'utf8')).toContain('"line":499')
})
