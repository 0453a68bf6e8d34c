import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { leftBehind, run } from '@sagebrush/dev-env'
import { requires } from '@sagebrush/testing'
import { afterEach, beforeEach, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../../../..', import.meta.url))
let folder: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'demo-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

/** The demo with a folder of its own for what is temporary: what it leaves there is its own. */
async function demo(words: readonly string[] = [], settings: Readonly<Record<string, string>> = {}) {
  const wanted = new Set(['PATH', 'HOME', 'XDG_CACHE_HOME', 'SAGEBRUSH_CACHE', 'PIP_INDEX_URL'])
  const environment = Object.fromEntries(Object.entries(process.env).filter(([name]) => wanted.has(name)))
  const command = ['run', '--silent', '--prefix', root, 'demo', '--', ...words]
  const done = await run('npm', command, { ...environment, TMPDIR: folder, ...settings })
  expect(done.code, done.stderr + done.stdout).toBe(0)
  expect(readdirSync(folder).filter((name) => name.startsWith('sagebrush'))).toEqual([])
  expect(await leftBehind(folder)).toEqual([])
  return done
}

test('npm run demo', { timeout: 300_000 }, async () => {
  const { stdout } = await demo()
  expect(stdout).toContain('| training script started')
  expect(stdout).toMatch(/\| test:accuracy=0\.9\d+/)
  const figure = (name: string) => Number(new RegExp(`${name} +([\\d.]+)`).exec(stdout)?.[1])
  expect(stdout).toMatch(/predictions +([012] ){10}…/)
  expect(figure('test:accuracy')).toBeGreaterThan(0.9)
  // Orders of magnitude: what is slow by seconds has waited for a poll, or measured something else.
  expect(figure('create → first line of code')).toBeGreaterThan(0)
  expect(figure('create → InService')).toBeGreaterThan(0)
  expect(figure('median invoke')).toBeLessThan(1_000)
  expect(stdout).toMatch(/cleaned up; now for yourself: (npx )?sagebrush up\n$/)
})

test('npm run demo where tasks get no namespaces', { timeout: 300_000 }, async () => {
  const { stdout } = await demo([], { SAGEBRUSH_PROCESS_NAMESPACES: 'off' })
  expect(stdout).toContain('this machine allows no private namespaces')
  expect(Number(/test:accuracy +([\d.]+)\n/.exec(stdout)?.[1])).toBeGreaterThan(0.9)
  expect(stdout).toMatch(/predictions +([012] ){10}…/)
})

test('npm run demo -- --python', { timeout: 600_000 }, async (context) => {
  requires(context, 'python3-venv', 'pypi')
  const { stdout } = await demo(['--python'])
  expect(stdout).toContain('training script started')
  expect(stdout).toMatch(/"numpy": \[[012], /)
  expect(stdout).toMatch(/cleaned up/)
})
