import { createReadStream, createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { finished, pipeline } from 'node:stream/promises'
import { type Entry, extract, type Headers, pack } from 'tar-stream'
import { type EngineAddress, EngineApi, EngineApiError } from '../engine-api.ts'
import { GzipSink } from './gzip-sink.ts'
import { linkWithin } from './member-path.ts'

export interface CollectOrder {
  readonly address: EngineAddress
  readonly container: string
  /** A folder in the container. */
  readonly path: string
  /** The archive's file on this machine. */
  readonly file: string
  /**
   * For a container that runs: a file to which each member is copied first. Where a file changes, the engine cuts its
   * archive short: what came whole before that is stored, and the rest is for the next time.
   */
  readonly scratch?: string
}

export interface Collected {
  readonly sizeBytes: number
  readonly md5: string
  readonly members: number
  /** What could not be stored, a sentence each. */
  readonly problems: readonly string[]
}

/** Most problems that are told one by one. */
const MOST_PROBLEMS = 20

/** Of many the first, and how many more: a task may leave millions. */
class Problems {
  readonly #told: string[] = []
  #more = 0

  add(problem: string): void {
    if (this.#told.length < MOST_PROBLEMS) this.#told.push(problem)
    else this.#more++
  }

  told(): readonly string[] {
    return this.#more > 0 ? [...this.#told, `and ${this.#more} more`] : this.#told
  }
}

/**
 * Archives a folder of a container, which runs or has ended: tar and gzip, names relative to the folder. Links are
 * stored, never followed. A folder that is not there gives an empty archive.
 */
export async function collect({ address, container, path, file, scratch }: CollectOrder): Promise<Collected> {
  const sink = new GzipSink()
  const target = pack()
  const written = pipeline(target, sink, createWriteStream(file, { mode: 0o600 }))
  written.catch(() => {}) // asked for below; meanwhile it must not be nobody's
  const problems = new Problems()
  let members = 0
  try {
    const source = await open(address, container, path)
    if (source) {
      const entries = extract()
      const read = pipeline(source, entries)
      read.catch(() => {})
      const store = async () => {
        for await (const entry of entries) {
          const header = storable(entry.header, path, problems)
          if (!header) entry.resume()
          else if (scratch === undefined || header.type !== 'file') await add(target, header, entry)
          else await addCopy(target, header, entry, scratch)
          if (header) members++
        }
        await read
      }
      await store().catch((error) => {
        if (scratch === undefined || error?.code === 'ENOSPC') throw error
      })
    }
    target.finalize()
    await written
  } catch (error) {
    target.destroy()
    await written.catch(() => {})
    throw error
  }
  return { sizeBytes: sink.sizeBytes, md5: sink.digest(), members, problems: problems.told() }
}

/** The first bytes of a regular file in the container, or undefined where there is none. */
export async function readStart(api: EngineApi, container: string, path: string, most: number) {
  const source = await open(api.address, container, path)
  if (!source) return undefined
  const entries = extract()
  pipeline(source, entries).catch(() => {}) // cut short on purpose
  for await (const entry of entries) {
    if (entry.header.type !== 'file') return undefined
    const chunks: Buffer[] = []
    let size = 0
    for await (const chunk of entry) {
      chunks.push(chunk)
      size += chunk.length
      if (size >= most) break
    }
    source.destroy()
    return Buffer.concat(chunks).subarray(0, most)
  }
  return undefined
}

async function open(address: EngineAddress, container: string, path: string) {
  try {
    return await new EngineApi(address).stream('GET', `/containers/${container}/archive`, { query: { path } })
  } catch (error) {
    // A container that is gone would else be one that left nothing.
    if (error instanceof EngineApiError && error.status === 404 && !/no such container/i.test(error.message))
      return undefined
    throw error
  }
}

async function add(target: ReturnType<typeof pack>, header: Headers, entry: Entry): Promise<void> {
  const place = target.entry(header)
  if (header.type === 'file') await pipeline(entry, place)
  else {
    entry.resume()
    place.end()
    await finished(place)
  }
}

async function addCopy(target: ReturnType<typeof pack>, header: Headers, entry: Entry, scratch: string): Promise<void> {
  await pipeline(entry, createWriteStream(scratch, { mode: 0o600 }))
  await pipeline(createReadStream(scratch), target.entry(header))
  await rm(scratch)
}

/** The member as it is stored, without the folder's own name before it; undefined for what is not stored. */
function storable(header: Headers, folder: string, problems: Problems): Headers | undefined {
  const name = below(header.name)
  if (name === '') {
    if (header.type !== 'directory')
      problems.add(`${folder} is a ${header.type === 'symlink' ? 'link' : header.type} and no folder`)
    return undefined
  }
  const kept = { name, mode: header.mode, mtime: header.mtime, type: header.type, size: header.size }
  switch (header.type) {
    case 'file':
    case 'contiguous-file':
      return { ...kept, type: 'file' }
    case 'directory':
      return { ...kept, size: 0 }
    case 'link':
      return { ...kept, size: 0, linkname: below(header.linkname ?? '') }
    case 'symlink': {
      const linkname = linkWithin(header.linkname ?? '', name, folder)
      if (linkname !== undefined) return { ...kept, size: 0, linkname }
      problems.add(`"${name}" is a link that leaves the folder: left out`)
      return undefined
    }
    default:
      problems.add(`"${name}" is neither a file nor a folder: left out`)
      return undefined
  }
}

/** `model/a/b` → `a/b`: Docker names members from the folder's parent, Podman those of a volume as `/a/b`. */
function below(name: string): string {
  if (name.startsWith('/')) return name.replace(/^\/+|\/+$/g, '')
  return name.replace(/^\.?\/*[^/]+\/?/, '').replace(/\/$/, '')
}
