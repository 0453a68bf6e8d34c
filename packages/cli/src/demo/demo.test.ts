import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { leftBehind, run } from '@sagebrush/dev-env'
import { loadConfig } from '@sagebrush/server/client'
import { requires } from '@sagebrush/testing'
import { afterEach, beforeEach, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../../../..', import.meta.url))
let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'demo-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

/** The demo with a folder of its own for what is temporary: what it leaves there is its own. */
function settingsOfDemo() {
  const wanted = new Set(['PATH', 'HOME', 'XDG_CACHE_HOME', 'SAGEBRUSH_CACHE', 'PIP_INDEX_URL'])
  const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => wanted.has(name)))
  return { ...environment, TMPDIR: folder }
}

async function demo(words: readonly string[] = [], settings: Readonly<Record<string, string>> = {}) {
  const command = ['run', '--silent', '--prefix', root, 'demo', '--', ...words]
  const done = await run('npm', command, { ...settingsOfDemo(), ...settings })
  expect(done.code, done.stderr + done.stdout).toBe(0)
  await nothingLeft()
  return done
}

async function nothingLeft() {
  expect(readdirSync(folder).filter((name) => /^(sagebrush|example)/.test(name))).toEqual([])
  expect(await leftBehind(folder)).toEqual([])
  const { cache } = loadConfig({ flags: { home: folder } }).config
  const homes = readdirSync(join(cache, 'homes')).map((name) => join(cache, 'homes', name, 'home'))
  expect(homes.filter((path) => existsSync(path) && readFileSync(path, 'utf8').startsWith(folder))).toEqual([])
}

/** The labels that it shows; the rows it sends first are of all three classes. */
function classesIn(stdout: string): string[] {
  const shown = /predictions +((?:[012] ){10})…/.exec(stdout)?.[1] ?? ''
  return [...new Set(shown.trim().split(' '))].sort()
}

test('npm run demo', { timeout: 300_000 }, async () => {
  const { stdout } = await demo()
  expect(stdout).toContain('| training script started')
  expect(stdout).toMatch(/\| test:accuracy=0\.9\d+/)
  const figure = (name: string) => Number(new RegExp(`${name} +([\\d.]+)`).exec(stdout)?.[1])
  expect(classesIn(stdout)).toEqual(['0', '1', '2'])
  expect(figure('test:accuracy')).toBeGreaterThan(0.9)
  // Orders of magnitude: what is slow by seconds has waited for a poll, or measured something else.
  expect(figure('create → first line of code')).toBeGreaterThan(0)
  expect(figure('create → InService')).toBeGreaterThan(0)
  expect(figure('median invoke')).toBeLessThan(1_000)
  expect(stdout).toMatch(/cleaned up; now for yourself: (npx )?sagebrush up\n$/)
})

test('a setting that does not exist ends the demo, which leaves nothing', { timeout: 60_000 }, async () => {
  const settings = { ...settingsOfDemo(), SAGEBRUSH_BOGUS: '1' }
  const done = await run('npm', ['run', '--silent', '--prefix', root, 'demo'], settings)
  expect([done.code, done.stderr]).toEqual([1, expect.stringContaining('SAGEBRUSH_BOGUS')])
  await nothingLeft()
})

test('npm run demo where tasks get no namespaces', { timeout: 300_000 }, async () => {
  const { stdout } = await demo([], { SAGEBRUSH_PROCESS_NAMESPACES: 'off' })
  expect(stdout).toContain('this machine allows no private namespaces')
  expect(Number(/test:accuracy +([\d.]+)\n/.exec(stdout)?.[1])).toBeGreaterThan(0.9)
  expect(classesIn(stdout)).toEqual(['0', '1', '2'])
})

test.each([
  ['SIGINT', 130, 'starting a server'],
  ['SIGINT', 130, 'training script started'],
  ['SIGTERM', 143, 'training script started'],
] as const)('%s (exit status %i) at "%s" leaves nothing', { timeout: 300_000 }, async (signal, status, moment) => {
  const cli = join(root, 'packages/cli/bin/sagebrush.mjs')
  // In a group of its own, which the signal goes to, as a terminal sends it.
  const child = spawn(process.execPath, [cli, 'demo'], { env: settingsOfDemo(), detached: true, stdio: 'pipe' })
  const ended = once(child, 'exit')
  let said = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const isThere = said.includes(moment)
    said += text
    if (!isThere && said.includes(moment)) process.kill(-Number(child.pid), signal)
  })
  child.stderr.resume()
  expect([(await ended)[0], said]).toEqual([
    status,
    expect.stringMatching(/ending what runs.*\n(.*\n)*.*cleaned up\n$/),
  ])
  await nothingLeft()
})

test.for([
  ['starting a server', []],
  ['training script started', []],
  ['under "sagebrush run"', ['--python']],
] as const)(
  'a reader that is gone at "%s" interrupts it %j',
  { timeout: 300_000 },
  async ([moment, words], context) => {
    if (words.length > 0) requires(context, 'python3-venv', 'pypi')
    const cli = join(root, 'packages/cli/bin/sagebrush.mjs')
    const child = spawn(process.execPath, [cli, 'demo', ...words], { env: settingsOfDemo(), stdio: 'pipe' })
    const ended = once(child, 'close')
    let errors = ''
    let said = ''
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors += text
    })
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text
      if (said.includes(moment)) child.stdout.destroy()
    })
    expect([(await ended)[0], errors, said.includes(moment)]).toEqual([141, '', true])
    await nothingLeft()
  },
)

test('npm run demo -- --python', { timeout: 600_000 }, async (context) => {
  requires(context, 'python3-venv', 'pypi')
  const { stdout } = await demo(['--python'])
  expect(stdout).toContain('training script started')
  expect(stdout).toMatch(/"numpy": \[[012], /)
  expect(stdout).toMatch(/cleaned up/)
})
