import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

interface Entry {
  readonly version?: string
  readonly resolved?: string
  readonly link?: boolean
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

const lock: { readonly packages: Readonly<Record<string, Entry>> } = JSON.parse(
  readFileSync(new URL('../../package-lock.json', import.meta.url), 'utf8'),
)
const entries = Object.entries(lock.packages)

// npm drops the entries of other platforms when the registry it asked lacks them, and then `npm ci` refuses the lock
// file on every machine, also on this one.
test('the lock file names every optional dependency, also those of other platforms', () => {
  const missing = entries.flatMap(([path, entry]) =>
    Object.keys(entry.optionalDependencies ?? {}).filter(
      (name) => !lock.packages[`node_modules/${name}`] && !lock.packages[`${path}/node_modules/${name}`],
    ),
  )
  expect(missing).toEqual([])
})

test('the lock file names no registry, so that a user’s own mirror serves', () => {
  const pinned = entries.filter(([, entry]) => entry.resolved && !entry.link)
  expect(pinned.map(([path]) => path)).toEqual([])
})
