import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { HOME_FORMAT, openHome, removeUnused, runningServer } from './open-home.ts'

let parent: string
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'sagebrush-home-'))
})
afterEach(() => rmSync(parent, { recursive: true }))

const record = {
  pid: 4711,
  url: 'http://127.0.0.1:1',
  started: '2026-01-01T00:00:00.000Z',
  version: '0.1.0',
  token: 't',
}

test('a home is made for its owner only, and a second server is told who holds it', async () => {
  const path = join(parent, 'deep', 'home')
  const home = openHome(path)
  expect(statSync(path).mode & 0o777).toBe(0o700)
  await home.publish(record)
  expect(() => openHome(path)).toThrow(/held by the server with process id 4711 at http:\/\/127\.0\.0\.1:1, since 2026/)
  expect(runningServer(path)).toEqual(record)
  home.release()
  expect(runningServer(path)).toBeUndefined()
  openHome(path).release()
})

test('a home that others could read is closed to them', () => {
  chmodSync(parent, 0o755)
  openHome(parent).release()
  expect(statSync(parent).mode & 0o777).toBe(0o700)
  expect(statSync(join(parent, 'server.lock')).mode & 0o777).toBe(0o600)
})

test('a folder with other things in it is refused, and nothing of it changes', () => {
  chmodSync(parent, 0o755)
  for (const name of ['data.csv', 'a', 'b', 'c']) writeFileSync(join(parent, name), '')
  expect(() => openHome(parent)).toThrow(
    `The folder ${parent} is no home of Sagebrush and not empty (it holds a, b, c, …): name a folder of its own, such as ${join(parent, 'sagebrush')} (SAGEBRUSH_HOME or --home).`,
  )
  expect(statSync(parent).mode & 0o777).toBe(0o755)
  expect(readdirSync(parent).sort()).toEqual(['a', 'b', 'c', 'data.csv'])
})

test('settings may be there before a first start, and what a start that failed made is removed', () => {
  const path = join(parent, 'home')
  openHome(path).release()
  removeUnused(path)
  expect(readdirSync(parent)).toEqual([])
  mkdirSync(path)
  writeFileSync(join(path, 'config.yaml'), 'port: 0')
  openHome(path).release()
  removeUnused(path)
  expect(readdirSync(path).sort()).toEqual(['config.yaml', 'server.lock'])
})

test('the record of a server that was killed is no running server', async () => {
  const home = openHome(parent)
  await home.publish(record)
  home.release()
  const again = openHome(parent)
  await again.publish(record)
  expect(runningServer(parent)).toEqual(record)
  again.release()
  expect(runningServer(parent)).toBeUndefined()
})

test('a newer home is refused and stays as it is', () => {
  openHome(parent).release()
  const file = new DatabaseSync(join(parent, 'server.lock'))
  file.exec(`PRAGMA user_version = ${HOME_FORMAT + 7}`)
  file.close()
  expect(() => openHome(parent)).toThrow(new RegExp(`has format ${HOME_FORMAT + 7}, made by a newer Sagebrush`))
  const after = new DatabaseSync(join(parent, 'server.lock'))
  expect(after.prepare('PRAGMA user_version').get()).toEqual({ user_version: HOME_FORMAT + 7 })
  after.close()
})
