import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { run, until } from '@sagebrush/dev-env'
import { afterEach, beforeEach, expect, test } from 'vitest'

const cli = fileURLToPath(new URL('../../bin/sagebrush.mjs', import.meta.url))

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'up-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

test.each([
  ['is told what is done', false],
  ['goes away at the same time, and it closes in order', true],
])('who reads the output of up in the foreground %s at its end', async (_, leaves) => {
  const environment = { PATH: process.env.PATH, SAGEBRUSH_HOME: join(folder, 'home'), SAGEBRUSH_PORT: '0' }
  const child = spawn(process.execPath, [cli, 'up'], { env: environment, stdio: ['ignore', 'pipe', 'pipe'] })
  let told = ''
  child.stdout.on('data', (part) => (told += part))
  let log = ''
  child.stderr.on('data', (part) => (log += part))
  await until(30_000, async () => log.includes('"started"') || undefined)
  if (leaves) for (const stream of [child.stdout, child.stderr]) stream.destroy()
  child.kill('SIGINT')
  const [code] = await once(child, 'close')
  const at = environment.SAGEBRUSH_HOME
  expect([code, existsSync(join(at, 'server.json'))]).toEqual([0, false])
  if (!leaves) expect(told).toBe(`Stopping …\nStopped. Its state stays in ${at}.\n`)
})

test('a signal while it starts ends it in order', async () => {
  const at = join(folder, 'home')
  const environment = { PATH: process.env.PATH, SAGEBRUSH_HOME: at, SAGEBRUSH_PORT: '0' }
  const child = spawn(process.execPath, [cli, 'up'], { env: environment, stdio: ['ignore', 'ignore', 'pipe'] })
  let log = ''
  child.stderr.on('data', (part) => (log += part))
  // Its first line, before it answers.
  await until(30_000, async () => log.includes('"Made account') || undefined)
  child.kill('SIGTERM')
  expect(await once(child, 'close')).toEqual([0, null])
  expect(log).toContain('"stopping"')
  expect(existsSync(join(at, 'server.json'))).toBe(false)
})

test('up in the foreground goes on once nobody reads what it says', async () => {
  const environment = { PATH: process.env.PATH, SAGEBRUSH_HOME: join(folder, 'home'), SAGEBRUSH_PORT: '0' }
  const settings = { ...environment, SAGEBRUSH_LOG_LEVEL: 'debug' }
  const child = spawn(process.execPath, [cli, 'up'], { env: settings, stdio: ['ignore', 'pipe', 'pipe'] })
  const ended = once(child, 'close')
  let log = ''
  child.stderr.on('data', (part) => (log += part))
  await until(30_000, async () => log.includes('"started"') || undefined)
  const record = join(environment.SAGEBRUSH_HOME, 'server.json')
  const { url } = JSON.parse(readFileSync(record, 'utf8'))
  for (const stream of [child.stdout, child.stderr]) stream.destroy()
  for (let asked = 0; asked < 5; asked++) expect((await fetch(url)).status).toBe(403)
  child.kill('SIGHUP')
  expect(await ended).toEqual([0, null])
  expect(existsSync(record)).toBe(false)
})

test.runIf(existsSync('/dev/full'))('up in the foreground goes on where its output finds no room', async () => {
  const at = join(folder, 'home')
  const environment = { PATH: process.env.PATH, SAGEBRUSH_HOME: at, SAGEBRUSH_PORT: '0' }
  const child = spawn('sh', ['-c', `exec "${process.execPath}" "${cli}" up > /dev/full 2>&1`], { env: environment })
  await until(30_000, async () => existsSync(join(at, 'server.json')) || undefined)
  const { url } = JSON.parse(readFileSync(join(at, 'server.json'), 'utf8'))
  expect((await fetch(url)).status).toBe(403)
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  expect(await ended).toEqual([0, null])
  expect(readFileSync(join(at, 'server.log'), 'utf8')).toContain('"stopping"')
})

test('up -d keeps no second copy of the log, and tells why a start failed', async () => {
  const at = join(folder, 'home')
  const environment = { PATH: process.env.PATH, SAGEBRUSH_HOME: at, SAGEBRUSH_PORT: '0' }
  const sagebrush = (...args: string[]) => run(process.execPath, [cli, ...args], environment)
  expect((await sagebrush('up', '-d')).code).toBe(0)
  await sagebrush('down')
  expect(readFileSync(join(at, 'server.log'), 'utf8')).toContain('"started"')
  expect(readFileSync(join(at, 'server.out'), 'utf8')).toBe(`Stopping …\nStopped. Its state stays in ${at}.\n`)
  writeFileSync(join(at, 'store', 'state.db'), 'no database at all, but some text'.repeat(100))
  const damaged = await sagebrush('up', '-d')
  expect([damaged.code, damaged.stderr]).toEqual([
    1,
    `The file ${join(at, 'store', 'state.db')} is damaged (SQLite: file is not a database): move its home aside, and restore a backup of it ("sagebrush restore FILE")\n`,
  ])
})

test.each([
  [
    'an address of another machine',
    ['--host', '192.0.2.1'],
    /^This machine has no address 192\.0\.2\.1 to listen on\.\n$/,
  ],
  ['a name that nobody knows', ['--host', 'nobody.invalid'], /^Nobody knows the address of nobody\.invalid/],
])('%s is told at once, and leaves no home', async (_, flags, words) => {
  const at = join(folder, 'home')
  for (const more of [[], ['-d']]) {
    const done = await run(process.execPath, [cli, 'up', ...more, ...flags], {
      PATH: process.env.PATH,
      SAGEBRUSH_HOME: at,
    })
    expect([done.code, done.stderr]).toEqual([1, expect.stringMatching(words)])
    expect(existsSync(at)).toBe(false)
  }
})

test.runIf(existsSync('/proc/self'))('a home where nothing can be made is told', async () => {
  for (const command of [['up'], ['up', '-d']]) {
    const done = await run(process.execPath, [cli, ...command, '--home', '/proc/foo/bar'], { PATH: process.env.PATH })
    expect([done.code, done.stderr]).toEqual([
      1,
      expect.stringMatching(/^The home \/proc\/foo\/bar cannot be made: ENOENT/),
    ])
  }
})

test('a file in the place of a home is told as one', async () => {
  const at = join(folder, 'file')
  writeFileSync(at, 'mine')
  for (const command of [['up'], ['up', '-d'], ['status']]) {
    const done = await run(process.execPath, [cli, ...command], { PATH: process.env.PATH, SAGEBRUSH_HOME: at })
    expect([done.code, done.stderr]).toEqual([
      1,
      `The home ${at} is a file: name a folder (SAGEBRUSH_HOME or --home).\n`,
    ])
  }
  expect(readFileSync(at, 'utf8')).toBe('mine')
})
