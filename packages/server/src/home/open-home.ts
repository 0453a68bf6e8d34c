import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  rmSync,
  statSync,
} from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/** The layout of the home's folders and files that this version writes. */
export const HOME_FORMAT = 1

/** Why a home cannot be opened, in words for the user. */
export class HomeError extends Error {
  override readonly name = 'HomeError'
}

/** A folder in a home that a restore has not brought to its end: no server starts on half of it. */
export const RESTORING = 'restoring'

/** What a running server writes down for `status`, `env`, `run` and a second `up`. */
export interface ServerRecord {
  readonly pid: number
  /** In which the process id means something; absent where the system has none. */
  readonly pidNamespace?: string | undefined
  readonly url: string
  readonly started: string
  readonly version: string
  /** Opens `/_sagebrush/…`. */
  readonly token: string
}

export interface Home {
  /** Real path. */
  readonly path: string
  readonly folder: (name: 'blobs' | 'logs' | 'tasks' | 'containers' | 'store' | 'proxy') => string
  /** Written when the server answers, removed when it closes. */
  publish(record: ServerRecord): Promise<void>
  release(): void
}

/**
 * Makes the folder where it is missing (0700), takes its lock and checks its format. The lock is a database held
 * open in a transaction: the system lets go of it however the process ends, and network namespaces do not split it.
 * `purpose`: a half restored home opens for another restore alone.
 */
export function openHome(folder: string, purpose: 'serve' | 'restore' = 'serve'): Home {
  makeHome(folder)
  checkFolder(folder)
  const path = realpathSync(folder)
  closeToOthers(path)
  const lock = takeLock(path)
  try {
    if (purpose === 'serve' && existsSync(join(path, RESTORING))) {
      throw new HomeError(
        `The home ${path} is half restored: a restore was cut off. Run "sagebrush restore FILE --home ${path}" again.`,
      )
    }
    checkFormat(path, lock)
  } catch (error) {
    lock.close()
    throw error
  }
  return {
    path,
    folder: (name) => {
      const made = join(path, name)
      mkdirSync(made, { recursive: true, mode: 0o700 })
      return made
    },
    publish: (record) => writeFile(join(path, 'server.json'), `${JSON.stringify(record)}\n`, { mode: 0o600 }),
    release: () => {
      rmSync(join(path, 'server.json'), { force: true })
      lock.close()
    },
  }
}

/** Node's own recursive making has no end in /proc, where nothing can be made. Others may make the same at once. */
function makeFolders(folder: string): void {
  if (dirname(folder) !== folder && !existsSync(dirname(folder))) makeFolders(dirname(folder))
  try {
    mkdirSync(folder, { mode: 0o700 })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
}

/** Makes the folder of a home where there is none; true where it did. */
export function makeHome(folder: string): boolean {
  if (namesIn(folder)) return false
  try {
    makeFolders(resolve(folder))
  } catch (error) {
    throw new HomeError(`The home ${folder} cannot be made: ${error instanceof Error ? error.message : String(error)}`)
  }
  return true
}

/** What may be in a folder that is to become a home: settings, what `up -d` begins with, and a new disk's own folder. */
const BEFORE_FIRST_START: readonly string[] = ['config.yaml', 'cache', '.cache', 'server.out', 'lost+found']

/** Throws `HomeError` where the folder is another user's, or holds what is not ours: nothing of it is touched. */
export function checkFolder(folder: string): void {
  const names = namesIn(folder) ?? []
  if (['server.lock', 'store', RESTORING].some((name) => names.includes(name))) return
  const foreign = names.filter((name) => !BEFORE_FIRST_START.includes(name))
  if (foreign.length === 0) return
  const some = foreign.slice(0, 3).join(', ')
  throw new HomeError(
    `The folder ${folder} is no home of Sagebrush and not empty (it holds ${some}${foreign.length > 3 ? ', …' : ''}): name a folder of its own, such as ${join(folder, 'sagebrush')} (SAGEBRUSH_HOME or --home).`,
  )
}

/** Undefined where there is no such folder. */
function namesIn(folder: string): readonly string[] | undefined {
  if (statSync(folder, { throwIfNoEntry: false })?.isFile()) {
    throw new HomeError(`The home ${folder} is a file: name a folder (SAGEBRUSH_HOME or --home).`)
  }
  try {
    accessSync(folder, constants.R_OK | constants.X_OK)
    return readdirSync(folder)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ENOENT') return undefined
    if (code === 'EACCES') {
      throw new HomeError(
        `The home ${folder} is another user's: run this as that user (sudo), or choose another home (SAGEBRUSH_HOME).`,
      )
    }
    throw new HomeError(`The home ${folder} cannot be used: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function closeToOthers(path: string): void {
  if ((statSync(path).mode & 0o077) === 0) return
  try {
    chmodSync(path, 0o700)
  } catch {
    throw new HomeError(
      `The home ${path} is another user's, and open to others: choose a folder of your own (SAGEBRUSH_HOME or --home).`,
    )
  }
}

/** Removes what a server that did not get to start has made of a folder: where there is more in it, it stays. */
export function removeUnused(folder: string): void {
  const unused = ['server.lock', 'server.lock-journal', 'server.out']
  if (namesIn(folder)?.every((name) => unused.includes(name))) rmSync(folder, { recursive: true })
}

/** Keeps servers from an existing home, whose files are to be read as they are: its format is checked and left alone. */
export function lockForReading(folder: string): () => void {
  const path = realpathSync(folder)
  const lock = takeLock(path)
  try {
    refuseNewer(path, lock)
  } catch (error) {
    lock.close()
    throw error
  }
  return () => lock.close()
}

/** Differs inside a container: process ids of there mean other processes here. */
export function pidNamespace(): string | undefined {
  try {
    return readlinkSync('/proc/self/ns/pid')
  } catch {
    return undefined // macOS
  }
}

/**
 * What the server that runs on this home wrote down, or undefined where none runs (a stale record is none). Throws
 * `HomeError` where the home is another user's.
 */
export function runningServer(folder: string): ServerRecord | undefined {
  if (!namesIn(folder)?.includes('server.json')) return undefined
  const lock = tryLock(realpathSync(folder))
  if (lock) {
    lock.close()
    return undefined
  }
  return readRecord(folder)
}

function readRecord(folder: string): ServerRecord | undefined {
  try {
    return JSON.parse(readFileSync(join(folder, 'server.json'), 'utf8')) as ServerRecord
  } catch {
    return undefined
  }
}

function takeLock(path: string): DatabaseSync {
  const lock = tryLock(path)
  if (lock) return lock
  const holder = readRecord(path)
  throw new HomeError(
    holder
      ? `The home ${path} is held by the server with process id ${holder.pid} at ${holder.url}, since ${holder.started}. Use it ("sagebrush status"), stop it ("sagebrush down"), or choose another home (SAGEBRUSH_HOME).`
      : `The home ${path} is held by a server that is just starting or stopping. Try again in a moment.`,
  )
}

function tryLock(path: string): DatabaseSync | undefined {
  const file = join(path, 'server.lock')
  // SQLite would make it readable by all.
  closeSync(openSync(file, 'a', 0o600))
  const lock = new DatabaseSync(file)
  try {
    lock.exec('PRAGMA busy_timeout = 250; PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE')
    return lock
  } catch (error) {
    lock.close()
    if (error instanceof Error && /locked/.test(error.message)) return undefined
    throw new HomeError(`The home ${path} cannot be used: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** The format is the lock's own `user_version`: one file less that can be lost. */
function checkFormat(path: string, lock: DatabaseSync): void {
  if (refuseNewer(path, lock) === HOME_FORMAT) return
  lock.exec(`PRAGMA user_version = ${HOME_FORMAT}; COMMIT; BEGIN EXCLUSIVE`)
}

function refuseNewer(path: string, lock: DatabaseSync): number {
  const found = Number(lock.prepare('PRAGMA user_version').get()?.user_version ?? 0)
  if (found > HOME_FORMAT) {
    throw new HomeError(
      `The home ${path} has format ${found}, made by a newer Sagebrush; this one knows formats up to ${HOME_FORMAT}. Run the newer version, or choose another home (SAGEBRUSH_HOME).`,
    )
  }
  return found
}
