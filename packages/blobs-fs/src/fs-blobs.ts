import { constants, createReadStream } from 'node:fs'
import { copyFile, type FileHandle, link, lstat, mkdir, open, opendir, rename, rm, rmdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Readable } from 'node:stream'
import type { BlobInfo, Blobs, ByteRange, DigestName } from '@sagebrush/core'
import { blobFolder, blobPath, folderEnd, isBlobId, newBlobId, windowMs } from './blob-path.ts'
import { BulkStream } from './bulk-stream.ts'
import { type Answer, BulkThread } from './bulk-thread.ts'
import { FolderSync } from './folder-sync.ts'
import { asDiskFull, asMissing, codeOf } from './fs-error.ts'
import { incomingPath } from './incoming.ts'
import { writeFrom } from './write-file.ts'

const readBytes = 256 * 1024
/** Group and others may read, within a home that they cannot enter: a task sees blobs through links and overlays. */
const fileMode = 0o644

/** A file has at most 65,000 names on ext4, and some file systems allow but one. */
const unlinkable = ['EMLINK', 'EPERM', 'ENOTSUP', 'EOPNOTSUPP']
const linksAtOnce = 16

type Finished = Omit<BlobInfo, 'id'>

export class FsBlobs implements Blobs {
  readonly #root: string
  readonly #fsync: boolean
  readonly #giveWay: () => Promise<void>
  readonly #folders: FolderSync
  #holds = 0
  #held: string[] = []
  readonly #thread = new BulkThread()

  constructor(root: string, { fsync, giveWay }: { readonly fsync: boolean; readonly giveWay: () => Promise<void> }) {
    this.#root = root
    this.#fsync = fsync
    this.#giveWay = giveWay
    this.#folders = new FolderSync(fsync)
  }

  path(id: string): string {
    return blobPath(this.#root, id)
  }

  async create(
    source: AsyncIterable<Uint8Array>,
    options: { readonly digests?: readonly DigestName[]; readonly check?: (info: Finished) => void } = {},
  ): Promise<BlobInfo> {
    return this.#whole(async (_path, file) => {
      const write = (bulk: BulkStream) => writeFrom(source, file, bulk, { sync: this.#fsync, giveWay: this.#giveWay })
      const info = await this.#through(new BulkStream(this.#thread, options.digests ?? [], file), write)
      options.check?.(info)
      return info
    })
  }

  async adopt(path: string, digests: readonly DigestName[] = []): Promise<BlobInfo> {
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW)
    try {
      const stat = await file.stat()
      const { dev, ino, nlink, uid, size } = stat
      if (!stat.isFile()) throw new TypeError(`${path} is not a regular file`)
      const mine = uid === process.getuid?.() && nlink === 1
      // Somebody who owns the file or has another name for it could go on writing to it.
      if (!mine) return await this.create(chunksOf(file), { digests })
      const read = async (bulk: BulkStream) => {
        if (digests.length > 0) for await (const chunk of chunksOf(file)) await bulk.update(chunk)
        return size
      }
      const hashed = await this.#through(new BulkStream(this.#thread, digests), read)
      await file.chmod(fileMode)
      if (this.#fsync) await file.sync()
      const id = newBlobId()
      try {
        await this.#intoFolder(id, (target) => link(path, target))
      } catch (cause) {
        if (![...unlinkable, 'EXDEV'].includes(codeOf(cause) ?? '')) throw cause
        return await this.create(chunksOf(file), { digests })
      }
      const placed = await lstat(this.path(id))
      if (placed.dev !== dev || placed.ino !== ino) throw new Error(`${path} was exchanged while it was taken over`)
      return { id, ...hashed }
    } catch (cause) {
      throw asDiskFull(cause, this.#root)
    } finally {
      await file.close()
    }
  }

  async link(id: string): Promise<string> {
    const made = newBlobId()
    try {
      await this.#intoFolder(made, (target) => link(this.path(id), target))
      return made
    } catch (cause) {
      if (codeOf(cause) === 'ENOENT') throw asMissing(cause, id)
      if (!unlinkable.includes(codeOf(cause) ?? '')) throw asDiskFull(cause, this.#root)
    }
    const copy = await this.#whole(async (path) => {
      await copyFile(this.path(id), path, constants.COPYFILE_FICLONE)
      return { sizeBytes: 0, digests: {} }
    })
    return copy.id
  }

  async concat(ids: readonly string[], digests: readonly DigestName[] = []): Promise<BlobInfo> {
    return this.#whole(async (into) => {
      const { sizeBytes = 0, digests: made = {}, error } = await this.#join(ids, into, digests)
      if (!error) return { sizeBytes, digests: made }
      const cause = Object.assign(new Error(error.message), error.code && { code: error.code })
      throw asMissing(cause, ids[error.part ?? 0] ?? '')
    })
  }

  /** In the thread: gigabytes of parts would hold up who else is answered. */
  async #join(ids: readonly string[], into: string, names: readonly DigestName[]): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>()
    const stream = this.#thread.open({ answered: resolve, failed: reject })
    this.#thread.send({ stream, join: ids.map((id) => this.path(id)), into, names })
    try {
      return await promise
    } finally {
      this.#thread.close(stream)
    }
  }

  /** Runs `feed`, which gives the stream every byte and resolves to their number. */
  async #through(bulk: BulkStream, feed: (bulk: BulkStream) => Promise<number>): Promise<Finished> {
    try {
      return { sizeBytes: await feed(bulk), digests: await bulk.finish() }
    } finally {
      await bulk.drop()
    }
  }

  async open(id: string, range?: ByteRange): Promise<Readable> {
    const path = this.path(id)
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW).catch((cause) => {
      throw asMissing(cause, id)
    })
    return createReadStream(path, { fd: file, highWaterMark: readBytes, ...range })
  }

  /**
   * From now on nothing that was stored goes away; what is removed goes once all that hold have called what this
   * returns. A server that dies meanwhile leaves them to the garbage collection.
   */
  hold(): () => Promise<void> {
    this.#holds++
    return async () => {
      this.#holds--
      if (this.#holds > 0) return
      const held = this.#held
      this.#held = []
      for (const id of held) await this.remove(id)
    }
  }

  /** Gives every blob a second name below `folder`, under the same relative path. Call it while you hold them. */
  async linkAll(folder: string): Promise<void> {
    const made = new Set<string>()
    const all = this.each()
    const work = async (): Promise<void> => {
      for (let next = await all.next(); !next.done; next = await all.next()) {
        const target = blobPath(folder, next.value.id)
        if (!made.has(dirname(target))) await mkdir(dirname(target), { recursive: true, mode: 0o700 })
        made.add(dirname(target))
        await this.#linkOrCopy(this.path(next.value.id), target)
      }
    }
    await Promise.all(Array.from({ length: linksAtOnce }, work))
  }

  async #linkOrCopy(path: string, target: string): Promise<void> {
    try {
      await link(path, target)
    } catch (cause) {
      if (!unlinkable.includes(codeOf(cause) ?? '')) throw asDiskFull(cause, this.#root)
      await copyFile(path, target, constants.COPYFILE_FICLONE)
    }
  }

  async remove(id: string): Promise<void> {
    if (this.#holds > 0) {
      this.#held.push(id)
      return
    }
    await rm(this.path(id), { force: true })
    // Nobody makes anything in a folder whose time has passed, so an empty one can go.
    if (folderEnd(id) + windowMs < Date.now()) await rmdir(blobFolder(this.#root, id)).catch(() => {})
  }

  async *each(): AsyncGenerator<{ readonly id: string; readonly modified: Date; readonly sizeBytes: number }> {
    for await (const entry of await opendir(this.#root, { recursive: true })) {
      if (!entry.isFile() || !isBlobId(entry.name)) continue
      const stat = await lstat(this.path(entry.name)).catch(() => undefined)
      if (stat) yield { id: entry.name, modified: stat.mtime, sizeBytes: stat.size }
    }
  }

  /** Runs `fill` on a new file aside and gives the file its name only when all went well. */
  async #whole(fill: (path: string, file: FileHandle) => Promise<Finished>): Promise<BlobInfo> {
    const aside = incomingPath(this.#root, newBlobId())
    try {
      const file = await open(aside, 'wx', fileMode)
      let info: Finished
      try {
        info = await fill(aside, file)
        // Under a strict umask open alone gives less.
        await file.chmod(fileMode)
        if (this.#fsync) await file.sync()
      } finally {
        await file.close()
      }
      const id = newBlobId()
      await this.#place(aside, id)
      return { id, ...info }
    } catch (cause) {
      await rm(aside, { force: true })
      throw asDiskFull(cause, this.#root)
    }
  }

  async #place(path: string, id: string): Promise<void> {
    await this.#intoFolder(id, (target) => rename(path, target))
  }

  /** Runs `put` with the id's path, its folders made and durable before, and makes the new name durable. */
  async #intoFolder(id: string, put: (target: string) => Promise<void>): Promise<void> {
    const target = this.path(id)
    const folder = dirname(target)
    await this.#folders.make(folder, this.#root)
    await put(target)
    await this.#folders.sync(folder)
  }
}

async function* chunksOf(file: FileHandle): AsyncIterable<Uint8Array> {
  for (let position = 0; ; ) {
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(readBytes), 0, readBytes, position)
    if (bytesRead === 0) return
    position += bytesRead
    yield buffer.subarray(0, bytesRead)
  }
}
