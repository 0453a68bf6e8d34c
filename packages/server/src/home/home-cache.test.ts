import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { homeCaches, openHomeCache, placeTaskBundle, sweepHomeCaches } from './home-cache.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'home-cache-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

test('only what belongs to homes that are gone is swept', async () => {
  const [kept, gone] = ['kept', 'gone'].map((name) => join(folder, name)) as [string, string]
  for (const home of [kept, gone]) mkdirSync(home)
  const [cacheOfKept, cacheOfGone] = [openHomeCache(folder, kept), openHomeCache(folder, gone)]
  expect(openHomeCache(folder, kept)).toBe(cacheOfKept)
  expect(readFileSync(join(cacheOfKept, 'home'), 'utf8')).toBe(kept)
  mkdirSync(join(cacheOfGone, 'pip/123456789012'), { recursive: true })
  writeFileSync(join(cacheOfGone, 'pip/123456789012/wheel'), 'x')
  rmSync(gone, { recursive: true })

  const [making, halfMade] = ['making', 'half-made'].map((name) => join(homeCaches(folder), name)) as [string, string]
  for (const path of [making, halfMade]) mkdirSync(path)
  utimesSync(halfMade, new Date(0), new Date(0))

  expect(await sweepHomeCaches(folder)).toBe(2)
  expect(existsSync(cacheOfGone) || existsSync(halfMade)).toBe(false)
  expect(existsSync(cacheOfKept) && existsSync(making)).toBe(true)
})

test('in a cache that no server has opened there is nothing to sweep', async () => {
  expect(await sweepHomeCaches(join(folder, 'none'))).toBe(0)
})

test('the bundle is replaced whole, and nothing lies beside it', () => {
  const cache = openHomeCache(folder, join(folder, 'home'))
  const source = join(folder, 'source.pem')
  writeFileSync(source, 'first')
  const bundle = placeTaskBundle(cache, source)
  writeFileSync(source, 'second')
  expect(placeTaskBundle(cache, source)).toBe(bundle)
  expect(readFileSync(bundle, 'utf8')).toBe('second')
  expect(readdirSync(cache).sort()).toEqual(['ca-bundle.pem', 'home'])
})
