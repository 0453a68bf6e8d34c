import { randomBytes } from 'node:crypto'
import { readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { LogGroup } from '@sagebrush/core'
import { encodeStream } from './frame.ts'
import { fileNameOf } from './names.ts'
import { checkpointPath, headOf } from './recover.ts'
import { StreamFile } from './stream-file.ts'

const extension = '.log'
/** Files opened at once when all streams of a group are asked for. */
const atOnce = 16

export interface GroupRecord {
  readonly format: 1
  readonly name: string
  /** Epoch milliseconds. */
  readonly created: number
  readonly retentionDays?: number
}

export function groupFile(folder: string): string {
  return join(folder, 'group.json')
}

/** Writes aside and renames, so that no reader and no crash sees half of it. */
export async function writeWhole(path: string, content: string | Uint8Array): Promise<void> {
  const aside = `${path}.${randomBytes(6).toString('hex')}.new`
  try {
    await writeFile(aside, content, { mode: 0o600, flag: 'wx' })
    await rename(aside, path)
  } catch (cause) {
    await rm(aside, { force: true })
    throw cause
  }
}

/** One group's folder: its record and the streams opened so far. */
export class GroupFolder {
  readonly folder: string
  record: GroupRecord
  readonly #streams = new Map<string, Promise<StreamFile | undefined>>()
  #all: Promise<void> | undefined

  constructor(folder: string, record: GroupRecord) {
    this.folder = folder
    this.record = record
  }

  async describe(): Promise<LogGroup> {
    const { name, created, retentionDays } = this.record
    const streams = await this.streams()
    const storedBytes = streams.reduce((sum, stream) => sum + stream.describe().storedBytes, 0)
    return {
      name,
      created: new Date(created),
      ...(retentionDays === undefined ? {} : { retentionDays }),
      storedBytes,
    }
  }

  /** Opens the stream where it is not yet open. */
  stream(name: string): Promise<StreamFile | undefined> {
    const known = this.#streams.get(name)
    if (known) return known
    const opening = openStream(this.#path(name))
    this.#streams.set(name, opening)
    // What is not there, or could not be opened, is looked for anew the next time.
    const forget = () => {
      if (this.#streams.get(name) === opening) this.#streams.delete(name)
    }
    opening.then((found) => found ?? forget(), forget)
    return opening
  }

  /** Those whose names begin with `prefix`: a client that polls one job's streams pays for these alone. */
  async streams(prefix = ''): Promise<StreamFile[]> {
    this.#all ??= this.#openAll()
    await this.#all.catch((cause) => {
      this.#all = undefined
      throw cause
    })
    const wanted = [...this.#streams.keys()].filter((name) => name.startsWith(prefix))
    const streams = await Promise.all(wanted.map((name) => this.#streams.get(name)))
    return streams.filter((stream) => stream !== undefined)
  }

  async createStream(name: string, created: Date): Promise<boolean> {
    if (await this.stream(name)) return false
    const path = this.#path(name)
    await rm(checkpointPath(path), { force: true })
    await writeWhole(path, encodeStream(JSON.stringify(headOf(name, created))))
    this.#streams.delete(name)
    await this.stream(name)
    return true
  }

  async deleteStream(name: string): Promise<boolean> {
    const stream = await this.stream(name)
    if (!stream) return false
    await stream.retire()
    // The checkpoint first: left alone it would outlive its stream.
    await rm(checkpointPath(this.#path(name)), { force: true })
    await rm(this.#path(name), { force: true })
    this.#streams.delete(name)
    return true
  }

  async retire(): Promise<void> {
    for (const opening of this.#streams.values()) await (await opening)?.retire()
  }

  async settle(): Promise<void> {
    for (const opening of [...this.#streams.values()]) await (await opening)?.settle()
  }

  async #openAll(): Promise<void> {
    const files = (await readdir(this.folder)).filter((file) => file.endsWith(extension))
    const known = new Set([...this.#streams.keys()].map((name) => fileNameOf(name) + extension))
    const waiting = files.filter((file) => !known.has(file))
    const work = async (): Promise<void> => {
      for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
        const stream = await openStream(join(this.folder, file))
        if (stream && !this.#streams.has(stream.name)) this.#streams.set(stream.name, Promise.resolve(stream))
      }
    }
    await Promise.all(Array.from({ length: atOnce }, work))
  }

  #path(name: string): string {
    return join(this.folder, fileNameOf(name) + extension)
  }
}

async function openStream(path: string): Promise<StreamFile | undefined> {
  try {
    return await StreamFile.open(path)
  } catch (cause) {
    if (cause instanceof Error && (cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw cause
  }
}
