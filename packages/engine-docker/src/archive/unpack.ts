import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { finished, pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { StagingError } from '@sagebrush/core'
import { type Entry, extract, type Headers, type Pack, pack } from 'tar-stream'
import { type EngineAddress, EngineApi } from '../engine-api.ts'
import { linkWithin, partsOf } from './member-path.ts'

export interface UnpackOrder {
  readonly address: EngineAddress
  readonly container: string
  /** A folder in the container, which is there. */
  readonly path: string
  /** The archive on this machine: tar, gzip or not. */
  readonly file: string
  /** Names the archive in messages. */
  readonly label: string
}

/** Unpacks an archive that somebody else made into a container: nothing leaves the folder, nothing but files, folders and links. */
export async function unpack({ address, container, path, file, label }: UnpackOrder): Promise<void> {
  const target = pack()
  const sent = new EngineApi(address).call('PUT', `/containers/${container}/archive`, { query: { path }, tar: target })
  sent.catch(() => {}) // asked for below
  try {
    await checked(file, label, target)
  } catch (error) {
    target.destroy()
    await sent.catch(() => {})
    throw error
  }
  target.finalize()
  await sent
}

async function checked(file: string, label: string, target: Pack): Promise<void> {
  const entries = extract()
  const gzip = await isGzip(file)
  const read = gzip
    ? pipeline(createReadStream(file), createGunzip(), entries)
    : pipeline(createReadStream(file), entries)
  read.catch(() => {})
  const links = new Set<string>()
  try {
    for await (const entry of entries) await add(target, storable(entry.header, label, links), entry)
    await read
  } catch (error) {
    if (error instanceof StagingError || !(error instanceof Error)) throw error
    throw new StagingError(`${label} is not a tar archive (gzip or not) that can be read: ${error.message}.`, {
      cause: error,
    })
  }
}

async function add(target: Pack, header: Headers | undefined, entry: Entry): Promise<void> {
  if (header?.type === 'file') return await pipeline(entry, target.entry(header))
  entry.resume()
  if (header) await finished(target.entry(header).end())
}

/** The member as it is sent on; undefined for the folder itself. Throws StagingError for what leads outside. */
function storable(header: Headers, label: string, links: Set<string>): Headers | undefined {
  const parts = partsOf(header.name)
  if (!parts) throw new StagingError(`${label}: the member "${header.name}" lies outside of the archive's folder.`)
  if (parts.length === 0) return undefined
  const name = parts.join('/')
  for (let depth = 1; depth < parts.length; depth++) {
    if (links.has(parts.slice(0, depth).join('/'))) {
      throw new StagingError(`${label}: the member "${header.name}" lies behind a link.`)
    }
  }
  const kept = { name, mtime: header.mtime, type: header.type, size: header.size }
  switch (header.type) {
    case 'file':
    case 'contiguous-file':
      links.delete(name)
      // No set-user-id or sticky bits; readable by whoever the container's user is.
      return { ...kept, type: 'file', mode: ((header.mode ?? 0) & 0o777) | 0o644 }
    case 'directory':
      return { ...kept, size: 0, mode: ((header.mode ?? 0) & 0o777) | 0o755 }
    case 'symlink':
      if (linkWithin(header.linkname ?? '', name, '\0') === undefined) throw leadsOut(label, header)
      links.add(name)
      return { ...kept, size: 0, linkname: header.linkname ?? '' }
    case 'link': {
      const source = partsOf(header.linkname ?? '')
      if (!source || source.some((_, depth) => links.has(source.slice(0, depth + 1).join('/')))) {
        throw leadsOut(label, header)
      }
      return { ...kept, size: 0, linkname: source.join('/') }
    }
    default:
      throw new StagingError(`${label}: the member "${header.name}" is a device or a pipe, which is not unpacked.`)
  }
}

function leadsOut(label: string, header: Headers): StagingError {
  return new StagingError(`${label}: the link "${header.name}" leads out of the archive.`)
}

async function isGzip(file: string): Promise<boolean> {
  const opened = await open(file)
  try {
    const { buffer } = await opened.read(Buffer.alloc(2), 0, 2, 0)
    return buffer[0] === 0x1f && buffer[1] === 0x8b
  } finally {
    await opened.close()
  }
}
