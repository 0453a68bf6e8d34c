import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, mkdir, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { openStore } from '@sagebrush/store-sqlite'
import { HOME_FORMAT, HomeError, openHome, RESTORING } from '../home/open-home.ts'
import { ARCHIVE_FORMAT, type ArchiveManifest, MANIFEST, parts } from './archive.ts'

const run = promisify(execFile)

/**
 * Makes a home of a backup, whole or not at all: the folder must be missing or empty, or be what a restore that was cut
 * off has left. Throws `HomeError` in words; then the folder is as it was, or empty.
 */
export async function restoreHome(file: string, home: string): Promise<ArchiveManifest> {
  const manifest = await readManifest(file)
  if (manifest.format > ARCHIVE_FORMAT || manifest.homeFormat > HOME_FORMAT) {
    throw new HomeError(
      `${file} was written by Sagebrush ${manifest.version}, whose format this one does not know: restore it with that version or a newer one.`,
    )
  }
  const wasThere = existsSync(home)
  const cutOff = existsSync(join(home, RESTORING))
  if (wasThere && !cutOff && (await readdir(home)).length > 0) {
    throw new HomeError(`The home ${home} is not empty: restore into another one (SAGEBRUSH_HOME), or move it away.`)
  }
  // There before anything else is: whatever ends this process, no server starts on half of it.
  await mkdir(join(home, RESTORING), { recursive: true, mode: 0o700 }).catch((error) => {
    throw new HomeError(`The home ${home} cannot be made: ${error instanceof Error ? error.message : String(error)}`)
  })
  const lock = openHome(home, 'restore')
  try {
    if (cutOff) await removeParts(home)
    await unpack(file, home)
  } catch (error) {
    lock.release()
    for (const name of await readdir(home)) await rm(join(home, name), { recursive: true, force: true })
    if (!wasThere) await rm(home, { recursive: true })
    throw error
  }
  lock.release()
  return manifest
}

/** What a restore that was cut off has left, but for the mark of it. */
async function removeParts(home: string): Promise<void> {
  for (const name of parts) await rm(join(home, name), { recursive: true, force: true })
  for (const name of await readdir(join(home, RESTORING))) {
    await rm(join(home, RESTORING, name), { recursive: true, force: true })
  }
}

async function readManifest(file: string): Promise<ArchiveManifest> {
  if (!existsSync(file)) throw new HomeError(`There is no file ${file}.`)
  try {
    const { stdout } = await tar(['-xOf', file, MANIFEST], file)
    const { format, homeFormat, version, created } = JSON.parse(stdout)
    if (typeof format === 'number' && typeof homeFormat === 'number') return { format, homeFormat, version, created }
  } catch (cause) {
    // tar's three sentences about a file that is no archive help nobody; that there is no tar, or no right to read, does.
    if (cause instanceof HomeError && !/not look like a tar|Not found in archive|end of file/i.test(cause.message))
      throw cause
    throw new HomeError(`${file} is no backup of a Sagebrush home.`, { cause })
  }
  throw new HomeError(`${file} is no backup of a Sagebrush home.`)
}

async function unpack(file: string, home: string): Promise<void> {
  const aside = join(home, RESTORING)
  await tar(['-xpf', file, '--no-same-owner', '-C', aside], file)
  if (!existsSync(join(aside, 'store', 'state.db'))) throw new HomeError(`${file} has no store: it is cut short.`)
  // Brings it to this version's format; says so where it is a newer one's, and where it is damaged.
  const store = await openStore({ path: join(aside, 'store', 'state.db') })
  await store.close()
  for (const part of parts) {
    if (existsSync(join(aside, part))) await rename(join(aside, part), join(home, part))
  }
  await rm(aside, { recursive: true })
  await chmod(home, 0o700)
}

async function tar(args: readonly string[], file: string) {
  try {
    return await run('tar', args, { env: { ...process.env, LC_ALL: 'C' }, maxBuffer: 1024 ** 2 })
  } catch (error) {
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim().split('\n').join(' ') : error
    throw new HomeError(`${file} cannot be read as a backup: ${said}`)
  }
}
