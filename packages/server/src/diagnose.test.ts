import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { loadConfig } from './config/load.ts'
import { diagnose } from './diagnose.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'diagnose-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const about = (home: string) => diagnose(loadConfig({ environment: {}, flags: { home, port: '0' } }).config)

test('a home that is not there is not made by asking', { timeout: 30_000 }, async () => {
  const findings = await about(join(folder, 'not/there'))
  expect(findings.find(({ name }) => name === 'namespaces')?.found).not.toBe('')
  expect(findings.find(({ name }) => name === 'home')).toBeUndefined()
  expect(readdirSync(folder)).toEqual([])
})

test('a home that is there is left as it was', { timeout: 30_000 }, async () => {
  mkdirSync(join(folder, 'home/store'), { recursive: true })
  await about(join(folder, 'home'))
  expect(readdirSync(join(folder, 'home'))).toEqual(['store'])
})

test('a home that cannot be made is said so', { timeout: 30_000 }, async () => {
  // Nobody, root included, makes a folder there.
  const finding = (await about('/proc/sagebrush')).find(({ name }) => name === 'home')
  expect(finding).toMatchObject({ state: 'bad', fix: 'Make it writable, or choose another home: SAGEBRUSH_HOME' })
  expect(finding?.found).toContain('nothing can be written to /proc')
})
