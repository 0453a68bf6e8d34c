import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BlobInfo, BlobMissing, type Blobs, type ByteRange, type DigestName } from '@sagebrush/core'
import { describe, expect, test } from 'vitest'
import { writeAndCrash } from './crash.ts'
import { type MakePlace, within } from './place.ts'

const digestNames: readonly DigestName[] = ['md5', 'sha256', 'sha1', 'crc32', 'crc32c', 'crc64nvme']

/** The check values of `123456789`, as the catalogues of checksums give them. */
const checkValues: Readonly<Record<DigestName, string>> = {
  md5: '25f9e794323b453885f5181f1b624d0b',
  sha256: '15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225',
  sha1: 'f7c3bc1d808e04732adf679965ccc34ca7ae3441',
  crc32: 'cbf43926',
  crc32c: 'e3069283',
  crc64nvme: 'ae8b14860a799888',
}

/** What every `Blobs` promises. */
export function blobsSuite(name: string, make: MakePlace<Blobs>): void {
  const withBlobs = (run: (blobs: Blobs) => Promise<void>) => () =>
    within(make, async (place) => run(await place.open()))

  describe(`${name}: blobs`, () => {
    test(
      'are read as they were written, whole and in ranges',
      withBlobs(async (blobs) => {
        for (const size of [0, 1, 65_536, 1_000_003]) {
          const bytes = randomBytes(size)
          const { id, sizeBytes } = await blobs.create(chunksOf(bytes, 10_000))
          expect(id).toMatch(/^[a-z0-9]+$/)
          expect(sizeBytes).toBe(size)
          expect((await read(blobs, id)).equals(bytes)).toBe(true)
          expect((await readFile(blobs.path(id))).equals(bytes)).toBe(true)
          if (size < 100) continue
          for (const [start, end] of [
            [0, 0],
            [5, 99],
            [size - 1, size - 1],
            [1, size - 1],
          ] as const)
            expect((await read(blobs, id, { start, end })).equals(bytes.subarray(start, end + 1))).toBe(true)
        }
      }),
    )

    test(
      'have the digests that are asked for, however the bytes are cut',
      withBlobs(async (blobs) => {
        for (const size of [1, 2, 9]) {
          const { digests } = await blobs.create(chunksOf(Buffer.from('123456789'), size), { digests: digestNames })
          expect(hex(digests)).toEqual(checkValues)
        }
        const bytes = randomBytes(3_000_001)
        const small = await blobs.create(chunksOf(bytes, 4_093), { digests: digestNames })
        const large = await blobs.create(chunksOf(bytes, bytes.length), { digests: digestNames })
        expect(hex(large.digests)).toEqual(hex(small.digests))
        expect(hex(large.digests).sha256).toBe(createHash('sha256').update(bytes).digest('hex'))
        expect((await read(blobs, large.id)).equals(bytes)).toBe(true)
        expect((await blobs.create(chunksOf(bytes, 5_000))).digests).toEqual({})
      }),
    )

    test(
      'are whole or not at all',
      withBlobs(async (blobs) => {
        const failing = async function* () {
          yield randomBytes(300_000)
          throw new Error('the client went away')
        }
        await expect(blobs.create(failing())).rejects.toThrow('the client went away')
        const seen: unknown[] = []
        const check = (info: Omit<BlobInfo, 'id'>): void => {
          seen.push(info.sizeBytes, hex(info.digests))
          throw new Error('BadDigest')
        }
        const refused = blobs.create(chunksOf(Buffer.from('123456789'), 4), { digests: ['crc32'], check })
        await expect(refused).rejects.toThrow('BadDigest')
        expect(seen).toEqual([9, { crc32: 'cbf43926' }])
        expect(await all(blobs)).toEqual([])
      }),
    )

    test(
      'are gone once removed, but for those who read them',
      withBlobs(async (blobs) => {
        const bytes = randomBytes(2_000_000)
        const { id } = await blobs.create(chunksOf(bytes, 100_000))
        const reader = await blobs.open(id)
        await blobs.remove(id)
        await blobs.remove(id)
        expect(Buffer.concat(await reader.toArray()).equals(bytes)).toBe(true)
        await expect(blobs.open(id)).rejects.toThrow(BlobMissing)
        await expect(blobs.link(id)).rejects.toThrow(BlobMissing)
        await expect(blobs.concat([id])).rejects.toThrow(BlobMissing)
        expect(await all(blobs)).toEqual([])
      }),
    )

    test(
      'with an id that is none are missing',
      withBlobs(async (blobs) => {
        for (const id of ['', '..', '../../etc/passwd', 'a/b', '/etc/passwd'])
          await expect(blobs.open(id)).rejects.toThrow(BlobMissing)
      }),
    )

    test(
      'share bytes by links, each with an id and a life of its own',
      withBlobs(async (blobs) => {
        const { id } = await blobs.create(chunksOf(Buffer.from('shared'), 6))
        const linked = await blobs.link(id)
        expect(linked).not.toBe(id)
        await blobs.remove(id)
        expect((await read(blobs, linked)).toString()).toBe('shared')
      }),
    )

    test(
      'are joined in order, and the parts stay',
      withBlobs(async (blobs) => {
        const parts = [randomBytes(700_000), randomBytes(0), randomBytes(300_001)]
        const ids: string[] = []
        for (const part of parts) ids.push((await blobs.create(chunksOf(part, 65_536))).id)
        const joined = await blobs.concat([...ids, ids[0] ?? ''], ['sha256'])
        const bytes = Buffer.concat([...parts, parts[0] ?? Buffer.alloc(0)])
        expect(joined.sizeBytes).toBe(bytes.length)
        expect(hex(joined.digests).sha256).toBe(createHash('sha256').update(bytes).digest('hex'))
        expect((await read(blobs, joined.id)).equals(bytes)).toBe(true)
        expect((await read(blobs, ids[2] ?? '')).equals(parts[2] ?? Buffer.alloc(0))).toBe(true)
      }),
    )

    test(
      'take finished files over, and no links',
      withBlobs(async (blobs) => {
        const folder = await mkdtemp(join(tmpdir(), 'adopt-'))
        try {
          const file = join(folder, 'model.tar.gz')
          await writeFile(file, '123456789', { mode: 0o600 })
          const { id, sizeBytes, digests } = await blobs.adopt(file, ['crc32c', 'md5'])
          expect(sizeBytes).toBe(9)
          expect(hex(digests)).toEqual({ crc32c: checkValues.crc32c, md5: checkValues.md5 })
          expect((await read(blobs, id)).toString()).toBe('123456789')
          // It stays until a row names the blob; taken over a second time it is another blob.
          const again = await blobs.adopt(file)
          await rm(file)
          await blobs.remove(again.id)
          expect((await read(blobs, id)).toString()).toBe('123456789')
          await writeFile(file, 'target')
          await symlink(file, join(folder, 'link'))
          await expect(blobs.adopt(join(folder, 'link'))).rejects.toThrow()
          await expect(blobs.adopt(folder)).rejects.toThrow()
          await expect(blobs.adopt(join(folder, 'none'))).rejects.toThrow('ENOENT')
          expect((await readFile(file)).toString()).toBe('target')
        } finally {
          await rm(folder, { recursive: true })
        }
      }),
    )

    test(
      'are each told once, whoever makes them at the same time',
      withBlobs(async (blobs) => {
        const before = Date.now()
        const made = await Promise.all(
          Array.from({ length: 60 }, (_, i) => blobs.create(chunksOf(Buffer.alloc(i, 'x'), 10))),
        )
        const told = await all(blobs)
        expect(told.map(({ id }) => id).sort()).toEqual(made.map(({ id }) => id).sort())
        expect(told.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)).toBe((60 * 59) / 2)
        for (const { modified } of told) expect(Math.abs(modified.getTime() - before)).toBeLessThan(60_000)
      }),
    )

    test('that were acknowledged survive SIGKILL', () =>
      within(make, async (place) => {
        if (!place.child) return
        const acknowledged = await writeAndCrash('blobs', place.child, 100)
        const blobs = await place.open()
        const ids = new Set((await all(blobs)).map(({ id }) => id))
        for (const line of acknowledged) {
          const [id = '', letter = '', size] = line.split(' ')
          expect((await read(blobs, id)).equals(Buffer.alloc(Number(size), letter))).toBe(true)
          ids.delete(id)
        }
        // What was finished in the instant of the kill may be there unsaid, but is whole.
        for (const id of ids) expect((await read(blobs, id)).length).toBeGreaterThanOrEqual(20_000)
      }))
  })
}

async function read(blobs: Blobs, id: string, range?: ByteRange): Promise<Buffer> {
  return Buffer.concat(await (await blobs.open(id, range)).toArray())
}

async function all(blobs: Blobs): Promise<{ id: string; modified: Date; sizeBytes: number }[]> {
  const told: { id: string; modified: Date; sizeBytes: number }[] = []
  for await (const each of blobs.each()) told.push(each)
  return told
}

async function* chunksOf(bytes: Buffer, size: number): AsyncIterable<Uint8Array> {
  // Copies: the store may do with what it is given as it likes.
  for (let at = 0; at < bytes.length; at += size) yield Uint8Array.from(bytes.subarray(at, at + size))
}

function hex(digests: BlobInfo['digests']): Record<string, string> {
  return Object.fromEntries(Object.entries(digests).map(([name, raw]) => [name, Buffer.from(raw).toString('hex')]))
}
