import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openBench, testCache } from './testing.ts'

const BUNDLE = '-----BEGIN CERTIFICATE-----\n'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp('/tmp/home-cache-')
})
afterAll(async () => await rm(folder, { recursive: true, force: true }))

/** Runs a task of an engine whose cache of the home is in `place`, with another home's cache beside it. */
async function inside(place: string, hide: readonly string[]) {
  const homeCache = join(place, 'homes/one')
  const bundle = join(homeCache, 'ca-bundle.pem')
  await mkdir(join(place, 'homes/two'), { recursive: true })
  await mkdir(homeCache)
  await writeFile(join(place, 'homes/two/home'), 'secret')
  await writeFile(join(homeCache, 'home'), 'secret')
  await writeFile(bundle, BUNDLE)
  const bench = await openBench({ homeCache, hide, show: [bundle, join(homeCache, 'missing')] })
  try {
    const script = `cat "$AWS_CA_BUNDLE"
(echo broken >> "$AWS_CA_BUNDLE") 2>/dev/null && echo LEAK written
cat ${place}/homes/*/home 2>/dev/null
touch "$PIP_CACHE_DIR/kept" && echo "$PIP_CACHE_DIR"`
    const { lines } = await bench.run(script, { environment: { AWS_CA_BUNDLE: bundle } })
    const pipCache = lines.at(-1) ?? ''
    expect(lines).toEqual([BUNDLE.trim(), pipCache])
    expect(pipCache.startsWith(join(homeCache, 'pip/'))).toBe(true)
    expect(existsSync(join(pipCache, 'kept'))).toBe(true)
    expect(await readFile(bundle, 'utf8')).toBe(BUNDLE)
  } finally {
    await bench.close()
  }
}

test('a task reads the CA bundle and writes its pip cache where they lie under /tmp', async () => {
  await inside(join(folder, 'cache'), [join(folder, 'cache/homes')])
})

test('and where they lie in a folder that is hidden from it', async () => {
  await mkdir(testCache(), { recursive: true })
  const hidden = await mkdtemp(join(testCache(), 'home-cache-'))
  try {
    await inside(hidden, [hidden])
  } finally {
    await rm(hidden, { recursive: true, force: true })
  }
})
