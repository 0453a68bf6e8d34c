import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { access, link, lstat, mkdtemp, open, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DiskFull } from '@sagebrush/core'
import { blobsSuite } from '@sagebrush/store-kit'
import { skipsFor } from '@sagebrush/testing'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openBlobs } from './open-blobs.ts'

blobsSuite('files', async () => {
  const root = await mkdtemp(join(tmpdir(), 'blobs-'))
  return {
    open: () => openBlobs({ root }),
    durable: true,
    child: { module: new URL('./open-blobs.ts', import.meta.url).href, name: 'openBlobs', options: { root } },
    dispose: () => rm(root, { recursive: true }),
  }
})

async function* once(...chunks: Uint8Array[]): AsyncIterable<Uint8Array> {
  yield* chunks
}

describe('files of blobs', () => {
  let root = ''
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'blobs-'))
  })
  afterEach(() => rm(root, { recursive: true }))

  test('have modes that let a task copy up but nobody enter the folder', async () => {
    const blobs = await openBlobs({ root: join(root, 'blobs') })
    const { id } = await blobs.create(once(Buffer.from('x')))
    expect((await lstat(blobs.path(id))).mode & 0o777).toBe(0o644)
    expect((await lstat(join(root, 'blobs'))).mode & 0o777).toBe(0o700)
    const adopted = join(root, 'mine')
    await writeFile(adopted, 'x', { mode: 0o600 })
    expect((await lstat(blobs.path((await blobs.adopt(adopted)).id))).mode & 0o777).toBe(0o644)
  })

  test('that somebody else can still write to are adopted as copies', async () => {
    const blobs = await openBlobs({ root: join(root, 'blobs') })
    const file = join(root, 'file')
    await writeFile(file, 'before')
    await link(file, join(root, 'kept'))
    const { id } = await blobs.adopt(file)
    await writeFile(join(root, 'kept'), 'after!')
    expect((await readFile(blobs.path(id))).toString()).toBe('before')
  })

  test('that are removed while somebody holds them stay until then, and can be linked elsewhere', async () => {
    const blobs = await openBlobs({ root: join(root, 'blobs') })
    const { id } = await blobs.create(once(Buffer.from('kept')))
    const release = blobs.hold()
    const another = blobs.hold()
    await blobs.remove(id)
    await release()
    await blobs.linkAll(join(root, 'copy'))
    expect((await readFile(blobs.path(id))).toString()).toBe('kept')
    await another()
    await expect(access(blobs.path(id))).rejects.toThrow('ENOENT')
    const copy = await openBlobs({ root: join(root, 'copy') })
    expect((await readFile(copy.path(id))).toString()).toBe('kept')
    await blobs.remove((await blobs.create(once(Buffer.from('x')))).id)
    expect(
      (await readdir(join(root, 'blobs'), { recursive: true, withFileTypes: true })).filter((it) => it.isFile()),
    ).toEqual([])
  })

  test('leave nothing behind when the writer is gone, and are left alone while it lives', async () => {
    await openBlobs({ root })
    const dead = execFileSync(process.execPath, ['-e', 'process.stdout.write(String(process.pid))']).toString()
    await writeFile(join(root, 'incoming', `${dead}-abc`), 'half')
    await writeFile(join(root, 'incoming', `${process.ppid}-abc`), 'busy')
    await writeFile(join(root, 'incoming', `${process.pid}-abc`), 'mine')
    await writeFile(join(root, 'incoming', 'odd'), '')
    await openBlobs({ root })
    expect((await readdir(join(root, 'incoming'))).sort()).toEqual([`${process.pid}-abc`, `${process.ppid}-abc`].sort())
  })

  test('are copied where a file can have no more names', async () => {
    const blobs = await openBlobs({ root, fsync: false })
    const { id } = await blobs.create(once(Buffer.from('popular')))
    const inode = (await lstat(blobs.path(id))).ino
    let other: string | undefined
    for (let made = 0; made < 70_000 && other === undefined; made += 500) {
      const ids = await Promise.all(Array.from({ length: 500 }, () => blobs.link(id)))
      for (const each of ids.slice(-1)) if ((await lstat(blobs.path(each))).ino !== inode) other = each
    }
    // File systems without such a limit never need the copy.
    const { nlink } = await lstat(blobs.path(id))
    if (other === undefined) expect(nlink).toBeGreaterThan(70_000)
    else expect((await readFile(blobs.path(other))).toString()).toBe('popular')
  }, 60_000)

  test('a large one lets others pass, and gives the memory of its chunks back as it goes', async () => {
    let gaveWay = 0
    const giveWay = async () => void gaveWay++
    const blobs = await openBlobs({ root: join(root, 'blobs'), giveWay })
    const whole = Array.from({ length: 64 }, () => Buffer.alloc(65_536, 'x'))
    const shared = Buffer.alloc(2 * 65_536, 'y')
    const halves = [shared.subarray(0, 65_536), shared.subarray(65_536)]
    const { id } = await blobs.create(once(...whole, ...halves), { digests: ['md5'] })
    // One slice is 256 KiB.
    expect(gaveWay).toBeGreaterThanOrEqual(16)
    // The first two waited until it was known whether the blob is large.
    expect(whole.slice(2).map(({ buffer }) => buffer.byteLength)).toEqual(Array(62).fill(0))
    expect(shared.equals(Buffer.alloc(2 * 65_536, 'y'))).toBe(true)
    const stored = await readFile(blobs.path(id))
    expect(stored.equals(Buffer.concat([Buffer.alloc(64 * 65_536, 'x'), shared]))).toBe(true)
  })

  test('nothing of a body that broke off is written to a file that was opened after it', async () => {
    const blobs = await openBlobs({ root: join(root, 'blobs'), fsync: false })
    const digests = ['md5', 'sha256', 'crc64nvme'] as const
    async function* breakingOff() {
      // As many as may wait at the thread, and no promise between: it has hashed none of them when the source fails.
      yield randomBytes(1024 * 1024 - 1)
      throw new Error('the client went away')
    }
    for (let round = 0; round < 10; round++) {
      await expect(blobs.create(breakingOff(), { digests })).rejects.toThrow('the client went away')
      // It gets the number that the blob's file had.
      const next = await open(join(root, `next-${round}`), 'wx')
      await next.writeFile('mine')
      await blobs.create(once(randomBytes(1024 * 1024)), { digests }) // what waited at the thread is done
      await next.close()
      expect((await readFile(join(root, `next-${round}`))).toString()).toBe('mine')
    }
    expect(await readdir(join(root, 'blobs', 'incoming'))).toEqual([])
  })

  test.runIf(process.platform === 'linux')('the thread that hashes and writes has a low priority', async () => {
    const blobs = await openBlobs({ root, fsync: false })
    await blobs.create(once(randomBytes(1024 * 1024)), { digests: ['md5'] })
    const threads = await readdir('/proc/self/task')
    const stats = await Promise.all(threads.map((thread) => readFile(`/proc/self/task/${thread}/stat`, 'utf8')))
    // Of what follows the name in brackets, the 17th is the thread's nice value (proc_pid_stat(5)).
    const nices = stats.map((stat) => Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16]))
    expect(nices).toContain(10)
    expect(nices.filter((nice) => nice === 10).length).toBeLessThan(nices.length)
  })

  test('hashing a large body does not hold the event loop', async () => {
    const { monitorEventLoopDelay } = await import('node:perf_hooks')
    const blobs = await openBlobs({ root, fsync: false })
    const chunks = Array.from({ length: 3 }, () => randomBytes(64 * 1024 * 1024))
    const delay = monitorEventLoopDelay({ resolution: 1 })
    delay.enable()
    await blobs.create(once(...chunks), { digests: ['md5', 'sha256', 'crc64nvme'] })
    delay.disable()
    // One chunk hashed at a stretch takes some 200 ms.
    expect(delay.percentile(99) / 1e6).toBeLessThan(50)
  })
})

describe.skipIf(skipsFor('root'))('on a full disk (needs root, to mount a small tmpfs)', () => {
  let root = ''
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'blobs-small-'))
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', root])
  })
  afterEach(async () => {
    execFileSync('umount', [root])
    await rm(root, { recursive: true })
  })

  test('create, concat and adopt say DiskFull and leave nothing', async () => {
    const blobs = await openBlobs({ root })
    const megabytes = (n: number) => Array.from({ length: n * 16 }, () => randomBytes(65_536))
    const { id } = await blobs.create(once(...megabytes(2)))
    await expect(blobs.create(once(...megabytes(8)), { digests: ['md5'] })).rejects.toThrow(DiskFull)
    await expect(blobs.concat([id, id])).rejects.toThrow(DiskFull)
    const outside = join(tmpdir(), `outside-${id}`)
    await writeFile(outside, Buffer.concat(megabytes(3)))
    await expect(blobs.adopt(outside)).rejects.toThrow(DiskFull)
    expect((await lstat(outside)).size).toBe(3 * 1024 * 1024)
    await rm(outside)
    expect(await readdir(join(root, 'incoming'))).toEqual([])
    const left: string[] = []
    for await (const each of blobs.each()) left.push(each.id)
    expect(left).toEqual([id])
    expect((await blobs.create(once(...megabytes(1)))).sizeBytes).toBe(1024 * 1024)
  })
})
