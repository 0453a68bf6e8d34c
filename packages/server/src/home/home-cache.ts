import { createHash } from 'node:crypto'
import { copyFileSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { access, readdir, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'

/** A folder without its home's name is being made, or was left half-made: by then it is the latter. */
const HALF_MADE_MS = 3_600_000

/** Where the cache keeps what belongs to one home each; no task may see what is of other homes. */
export function homeCaches(cache: string): string {
  return join(cache, 'homes')
}

/** The CA bundle of a home where tasks can be shown it: the home itself is hidden from them. */
export function taskBundle(homeCache: string): string {
  return join(homeCache, 'ca-bundle.pem')
}

/** Makes the folder of the cache that belongs to the home at this path (0700), to be swept when the home is gone. */
export function openHomeCache(cache: string, home: string): string {
  const folder = join(homeCaches(cache), createHash('sha256').update(home).digest('hex').slice(0, 16))
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  replace(join(folder, 'home'), (path) => writeFileSync(path, home, { mode: 0o600 }))
  return folder
}

/** Puts the CA bundle into the home's cache, whole or not at all: tasks may be reading it. */
export function placeTaskBundle(homeCache: string, source: string): string {
  const bundle = taskBundle(homeCache)
  if (!isSame(source, bundle)) replace(bundle, (path) => copyFileSync(source, path))
  return bundle
}

/** Removes what the cache keeps for homes that no longer exist; says of how many. */
export async function sweepHomeCaches(cache: string): Promise<number> {
  const folders = (await namesIn(homeCaches(cache))).map((name) => join(homeCaches(cache), name))
  const swept = await Promise.all(
    folders.map(async (folder) => {
      if (!(await isAbandoned(folder))) return 0
      await rm(folder, { recursive: true, force: true })
      return 1
    }),
  )
  return swept.reduce<number>((sum, one) => sum + one, 0)
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder)
  } catch (error) {
    if (isMissing(error)) return []
    throw error
  }
}

async function isAbandoned(folder: string): Promise<boolean> {
  try {
    const home = await readFile(join(folder, 'home'), 'utf8')
    return await isGone(home)
  } catch (error) {
    if (!isMissing(error)) throw error
    const made = await stat(folder).catch(() => undefined)
    return made !== undefined && Date.now() - made.mtimeMs > HALF_MADE_MS
  }
}

/** Not there; a home that merely cannot be reached (another user's, a disk that is away with an error) is kept. */
async function isGone(home: string): Promise<boolean> {
  try {
    await access(home)
    return false
  } catch (error) {
    return isMissing(error)
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')
}

function isSame(source: string, copy: string): boolean {
  try {
    return readFileSync(source).equals(readFileSync(copy))
  } catch (error) {
    if (isMissing(error)) return false
    throw error
  }
}

function replace(path: string, write: (path: string) => void): void {
  const beside = `${path}.${process.pid}`
  write(beside)
  renameSync(beside, path)
}
