import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, open, readdir, rename, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { HOME_FORMAT, HomeError } from '../home/open-home.ts'

/** The layout of the archive itself. */
export const ARCHIVE_FORMAT = 1
export const MANIFEST = 'backup.json'

/** What a home is made of, as far as it can be taken elsewhere: what runs cannot, and clients' files are made anew. */
export const parts = ['config.yaml', 'proxy', 'logs', 'blobs', 'store'] as const

/** The first file of an archive. */
export interface ArchiveManifest {
  readonly format: number
  readonly homeFormat: number
  /** Of the Sagebrush that wrote it. */
  readonly version: string
  readonly created: string
}

/** Writes the parts that `folder` has to the new file `target` (a tar, mode 0600), whole or not at all. */
export async function writeArchive(folder: string, target: string, version: string): Promise<{ sizeBytes: number }> {
  const aside = `${target}.${process.pid}.part`
  const work = await mkdtemp(join(tmpdir(), 'sagebrush-backup-'))
  try {
    if (existsSync(target)) throw new HomeError(`${target} is there already: name a new file.`)
    await removeCutOff(target)
    const created = new Date().toISOString()
    const manifest: ArchiveManifest = { format: ARCHIVE_FORMAT, homeFormat: HOME_FORMAT, version, created }
    await writeFile(join(work, MANIFEST), `${JSON.stringify(manifest)}\n`)
    const there = parts.filter((part) => existsSync(join(folder, part)))
    await tarTo(aside, [...['-C', work, MANIFEST], ...['-C', folder, ...there]])
    await rename(aside, target)
    return { sizeBytes: (await stat(target)).size }
  } catch (error) {
    await rm(aside, { force: true })
    throw isMissing(error) ? new HomeError(`The folder of ${target} is not there.`) : error
  } finally {
    await rm(work, { recursive: true })
  }
}

/** What backups to this file have left whose process was killed. */
async function removeCutOff(target: string): Promise<void> {
  const folder = dirname(target)
  for (const name of await readdir(folder).catch(() => [])) {
    const [, rest = ''] = name.split(`${basename(target)}.`)
    const pid = /^(\d+)\.part$/.exec(rest)?.[1]
    if (pid !== undefined && !isAlive(Number(pid))) await rm(join(folder, name), { force: true })
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

async function tarTo(file: string, words: readonly string[]): Promise<void> {
  const handle = await open(file, 'wx', 0o600)
  try {
    const { code, said } = await runTar(
      ['-cf', '-', '--exclude=blobs/incoming', '--exclude=logs/aside', ...words],
      handle.fd,
    )
    // A log that grew while it was read: its beginning is what was asked for.
    const isFine = code === 0 || (code === 1 && said.every((line) => /file changed as we read it$/.test(line)))
    if (!isFine) throw new HomeError(`The backup could not be written: ${said.join(' ')}`)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Its exit status and what it said, in English. */
function runTar(args: readonly string[], output: number): Promise<{ code: number | null; said: readonly string[] }> {
  return new Promise((resolve, reject) => {
    const tar = spawn('tar', args, { env: { ...process.env, LC_ALL: 'C' }, stdio: ['ignore', output, 'pipe'] })
    let said = ''
    tar.stderr?.setEncoding('utf8').on('data', (text) => {
      said += text
    })
    tar.on('error', (error) => reject(new HomeError(`tar is needed and cannot be run: ${error.message}`)))
    tar.on('close', (code) => resolve({ code, said: said.trim().split('\n').filter(Boolean) }))
  })
}

function isMissing(error: unknown): boolean {
  return (
    error instanceof Error &&
    'code' in error &&
    error.code === 'ENOENT' &&
    'syscall' in error &&
    error.syscall === 'open'
  )
}
