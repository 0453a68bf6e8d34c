import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { withLock } from './lock.mjs'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sagebrush-lock-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const module = new URL('./lock.mjs', import.meta.url).href

function holder(body: string) {
  const code = `import { appendFileSync } from 'node:fs'; import { withLock } from '${module}'; ${body}`
  return spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] })
}

test('many processes hold it one after the other', async () => {
  const log = join(folder, 'log')
  const children = Array.from({ length: 6 }, () =>
    holder(
      `await withLock('${folder}/l', async () => { appendFileSync('${log}', '('); await new Promise((r) => setTimeout(r, 30)); appendFileSync('${log}', ')') })`,
    ),
  )
  const codes = await Promise.all(children.map(async (child) => (await once(child, 'exit'))[0]))
  expect(codes).toEqual([0, 0, 0, 0, 0, 0])
  expect(readFileSync(log, 'utf8')).toBe('()()()()()()')
  expect(readdirSync(folder)).toEqual(['log'])
})

test('a killed holder’s lock is taken over, by one waiter at a time', { timeout: 60_000 }, async () => {
  const dying = holder(`await withLock('${folder}/l', () => { console.log('held'); return new Promise(() => {}) })`)
  await once(dying.stdout, 'data')
  dying.kill('SIGKILL')
  await once(dying, 'exit')
  let inside = 0
  let most = 0
  const waiter = async () => {
    await withLock(join(folder, 'l'), () => {
      most = Math.max(most, ++inside)
      appendFileSync(join(folder, 'log'), '.')
      inside--
    })
  }
  await Promise.all([waiter(), waiter(), waiter()])
  expect(most).toBe(1)
  expect(readFileSync(join(folder, 'log'), 'utf8')).toBe('...')
})

test('it is given back when the work fails', async () => {
  const path = join(folder, 'l')
  await expect(withLock(path, () => Promise.reject(new Error('broke')))).rejects.toThrow('broke')
  expect(await withLock(path, () => 'again')).toBe('again')
})
