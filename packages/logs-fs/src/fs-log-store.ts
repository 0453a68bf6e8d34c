import { randomBytes } from 'node:crypto'
import { copyFile, link, mkdir, readdir, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import {
  type LogEvent,
  type LogGroup,
  type LogRead,
  type LogStore,
  type LogStream,
  LogStreamMissing,
  type Scope,
} from '@sagebrush/core'
import { GroupFolder, type GroupRecord, groupFile, writeWhole } from './group-folder.ts'
import { compareNames, fileNameOf } from './names.ts'
import type { LogPage } from './read-page.ts'
import type { StreamFile } from './stream-file.ts'

export class FsLogStore implements LogStore {
  readonly #root: string
  readonly #now: () => Date
  readonly #groups = new Map<string, Promise<GroupFolder | undefined>>()
  /** Makes and deletes, one at a time; appends and reads do not wait for them. */
  #changes: Promise<unknown> = Promise.resolve()
  #closed = false

  constructor(root: string, now: () => Date) {
    this.#root = root
    this.#now = now
  }

  createGroup(scope: Scope, group: string, created: Date): Promise<boolean> {
    return this.#change(async () => {
      if (await this.#find(scope, group)) return false
      const folder = this.#folder(scope, group)
      const aside = join(this.#root, 'aside', randomBytes(8).toString('hex'))
      await mkdir(aside, { mode: 0o700 })
      const record: GroupRecord = { format: 1, name: group, created: created.getTime() }
      await writeWhole(groupFile(aside), JSON.stringify(record))
      await mkdir(join(folder, '..'), { recursive: true, mode: 0o700 })
      await rename(aside, folder)
      this.#groups.set(folder, Promise.resolve(new GroupFolder(folder, record)))
      return true
    })
  }

  createStream(scope: Scope, group: string, stream: string, created: Date): Promise<boolean> {
    return this.#change(async () => (await this.#group(scope, group)).createStream(stream, created))
  }

  deleteGroup(scope: Scope, group: string): Promise<boolean> {
    return this.#change(async () => {
      const found = await this.#find(scope, group)
      if (!found) return false
      await found.retire()
      const aside = join(this.#root, 'aside', randomBytes(8).toString('hex'))
      await rename(found.folder, aside)
      this.#groups.delete(found.folder)
      await rm(aside, { recursive: true, force: true })
      return true
    })
  }

  deleteStream(scope: Scope, group: string, stream: string): Promise<boolean> {
    return this.#change(async () => (await this.#find(scope, group))?.deleteStream(stream) ?? false)
  }

  setRetention(scope: Scope, group: string, days: number | undefined): Promise<boolean> {
    return this.#change(async () => {
      const found = await this.#find(scope, group)
      if (!found) return false
      const { retentionDays: _, ...rest } = found.record
      const record = days === undefined ? rest : { ...rest, retentionDays: days }
      await writeWhole(groupFile(found.folder), JSON.stringify(record))
      found.record = record
      return true
    })
  }

  async getGroup(scope: Scope, group: string): Promise<LogGroup | undefined> {
    return (await this.#find(scope, group))?.describe()
  }

  async getStream(scope: Scope, group: string, stream: string): Promise<LogStream | undefined> {
    return (await (await this.#find(scope, group))?.stream(stream))?.describe()
  }

  async groups(scope: Scope): Promise<readonly LogGroup[]> {
    const folder = this.#scopeFolder(scope)
    const found: LogGroup[] = []
    for (const name of await namesIn(folder)) {
      const group = await this.#open(join(folder, name))
      if (group) found.push(await group.describe())
    }
    return found.sort((a, b) => compareNames(a.name, b.name))
  }

  async streams(scope: Scope, group: string, prefix?: string): Promise<readonly LogStream[]> {
    const streams = (await (await this.#find(scope, group))?.streams(prefix)) ?? []
    return streams.map((stream) => stream.describe()).sort((a, b) => compareNames(a.name, b.name))
  }

  async append(
    scope: Scope,
    group: string,
    stream: string,
    events: readonly LogEvent[],
    sourceCursor?: string,
  ): Promise<void> {
    const found = await this.#stream(scope, group, stream)
    await found.append(events, this.#now(), sourceCursor)
  }

  async sourceCursor(scope: Scope, group: string, stream: string): Promise<string | undefined> {
    return (await this.#stream(scope, group, stream)).sourceCursor
  }

  async read(scope: Scope, group: string, stream: string, query: LogRead): Promise<LogPage> {
    return (await this.#stream(scope, group, stream)).read(query)
  }

  /**
   * Gives every file a second name below `folder`. What is appended later is seen there too, whole batches or the
   * beginning of one, which the next opening cuts off.
   */
  async linkAll(folder: string): Promise<void> {
    for await (const path of filesIn(join(this.#root, 'scopes'))) {
      const target = join(folder, relative(this.#root, path))
      await mkdir(dirname(target), { recursive: true, mode: 0o700 })
      await link(path, target).catch(async (cause: NodeJS.ErrnoException) => {
        if (cause.code === 'ENOENT') return // deleted in between
        await copyFile(path, target)
      })
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#changes
    for (const opening of [...this.#groups.values()]) await (await opening)?.settle()
  }

  async #stream(scope: Scope, group: string, stream: string): Promise<StreamFile> {
    const found = await (await this.#group(scope, group)).stream(stream)
    if (!found) throw new LogStreamMissing(`There is no log stream "${stream}" in the group "${group}"`)
    return found
  }

  async #group(scope: Scope, group: string): Promise<GroupFolder> {
    const found = await this.#find(scope, group)
    if (!found) throw new LogStreamMissing(`There is no log group "${group}"`)
    return found
  }

  #find(scope: Scope, group: string): Promise<GroupFolder | undefined> {
    return this.#open(this.#folder(scope, group))
  }

  #open(folder: string): Promise<GroupFolder | undefined> {
    if (this.#closed) return Promise.reject(new Error('The log store is closed'))
    const known = this.#groups.get(folder)
    if (known) return known
    const opening = openGroup(folder)
    this.#groups.set(folder, opening)
    const forget = () => {
      if (this.#groups.get(folder) === opening) this.#groups.delete(folder)
    }
    opening.then((found) => found ?? forget(), forget)
    return opening
  }

  #change<T>(run: () => Promise<T>): Promise<T> {
    const result = this.#changes.then(run)
    this.#changes = result.catch(() => {})
    return result
  }

  #scopeFolder({ account, region }: Scope): string {
    return join(this.#root, 'scopes', fileNameOf(account), fileNameOf(region))
  }

  #folder(scope: Scope, group: string): string {
    return join(this.#scopeFolder(scope), fileNameOf(group))
  }
}

async function openGroup(folder: string): Promise<GroupFolder | undefined> {
  try {
    return new GroupFolder(folder, JSON.parse(await readFile(groupFile(folder), 'utf8')) as GroupRecord)
  } catch (cause) {
    if (cause instanceof Error && (cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw cause
  }
}

/** Every file below the folder; what is deleted meanwhile may be missing. */
async function* filesIn(folder: string): AsyncGenerator<string> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return []
    throw cause
  })
  for (const entry of entries) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) yield* filesIn(path)
    else if (!entry.name.endsWith('.new')) yield path
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder)
  } catch (cause) {
    if (cause instanceof Error && (cause as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw cause
  }
}
