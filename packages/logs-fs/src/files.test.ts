import { appendFile, cp, lstat, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { LogRead } from '@sagebrush/core'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { openLogStore } from './open-log-store.ts'

const scope = { account: '111122223333', region: 'us-east-1' }
const all: LogRead = { from: 0, direction: 'forward', limit: 1_000_000, maxBytes: 100_000_000 }

let root = ''
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'logs-'))
})
afterEach(() => rm(root, { recursive: true }))

async function fileOf(extension: string): Promise<string> {
  const files = (await readdir(root, { recursive: true })).filter((file) => file.endsWith(extension))
  expect(files).toHaveLength(1)
  return join(root, files[0] ?? '')
}

/** Ten batches of three lines; the store is not closed, as after a crash. */
async function write(): Promise<void> {
  const logs = await openLogStore({ root })
  await logs.createGroup(scope, 'g', new Date(0))
  await logs.createStream(scope, 'g', 's', new Date(0))
  for (let batch = 0; batch < 10; batch++) {
    const lines = [0, 1, 2].map((i) => ({ timestamp: new Date(batch), message: `line ${batch * 3 + i}` }))
    await logs.append(scope, 'g', 's', lines, `${batch}`)
  }
}

async function messages(): Promise<string[]> {
  const logs = await openLogStore({ root })
  return (await logs.read(scope, 'g', 's', all)).events.map(({ message }) => message)
}

describe('times', () => {
  test.each([
    [{ startTime: new Date(9) }, [27, 28, 29]],
    [{ startTime: new Date(10) }, []],
    [{ startTime: new Date(8), endTime: new Date(9) }, [24, 25, 26]],
    [{ endTime: new Date(0) }, []],
    [{ endTime: new Date(1) }, [0, 1, 2]],
  ])('%j: the start is in, the end is not, at the borders of a block too', async (times, expected) => {
    await write()
    const logs = await openLogStore({ root })
    for (const direction of ['forward', 'backward'] as const) {
      const from = direction === 'forward' ? 0 : 30
      const { events } = await logs.read(scope, 'g', 's', { ...all, ...times, direction, from })
      expect(events.map(({ sequence }) => sequence)).toEqual(expected)
    }
  })
})

describe('a torn tail', () => {
  test('is cut off at the last whole batch, at whatever byte it was torn', async () => {
    await write()
    const file = await fileOf('.log')
    const whole = await readFile(file)
    const batch = Math.round((whole.length - 200) / 10)
    for (let cut = 1; cut < batch; cut += 7) {
      await writeFile(file, whole)
      await truncate(file, whole.length - cut)
      const logs = await openLogStore({ root })
      expect((await logs.getStream(scope, 'g', 's'))?.events).toBe(27)
      expect(await logs.sourceCursor(scope, 'g', 's')).toBe('8')
      await logs.append(scope, 'g', 's', [{ timestamp: new Date(0), message: 'again' }], '9')
      const { events } = await logs.read(scope, 'g', 's', all)
      expect(events.slice(-2).map(({ message, sequence }) => [sequence, message])).toEqual([
        [26, 'line 26'],
        [27, 'again'],
      ])
    }
  })

  test('of zeros or of noise goes, and what was whole by its length is kept aside', async () => {
    await write()
    const file = await fileOf('.log')
    const whole = await readFile(file)
    await appendFile(file, Buffer.alloc(500))
    expect(await messages()).toHaveLength(30)
    expect((await lstat(file)).size).toBe(whole.length)
    const flipped = Buffer.from(whole)
    flipped[whole.length - 1] = (flipped.at(-1) ?? 0) ^ 1
    await writeFile(file, flipped)
    expect(await messages()).toHaveLength(27)
    const damaged = await readFile(`${file}.damaged`)
    expect(damaged.equals(flipped.subarray(flipped.length - damaged.length))).toBe(true)
    expect(damaged.toString()).toContain('line 28')
  })
})

describe('a checkpoint', () => {
  test('spares the reading of what it covers, and is no more than that', async () => {
    await write()
    const logs = await openLogStore({ root })
    await logs.append(scope, 'g', 's', [{ timestamp: new Date(9), message: 'x'.repeat(300_000) }], '10')
    await logs.close()
    const index = await fileOf('.index')
    expect(JSON.parse(await readFile(index, 'utf8')).index).toMatchObject({ events: 31, sourceCursor: '10' })
    for (const spoilt of [
      '{"head"',
      JSON.stringify({ head: { name: 's', created: 5 }, index: { size: 1, events: 7 } }),
    ]) {
      await writeFile(index, spoilt)
      expect(await messages()).toHaveLength(31)
    }
    await rm(index)
    expect(await messages()).toHaveLength(31)
  })

  test('of a deleted stream says nothing about the next of its name', async () => {
    await write()
    const logs = await openLogStore({ root })
    await logs.append(scope, 'g', 's', [{ timestamp: new Date(9), message: 'x'.repeat(300_000) }], '10')
    await logs.close()
    const again = await openLogStore({ root })
    await again.deleteStream(scope, 'g', 's')
    await again.createStream(scope, 'g', 's', new Date(0))
    expect(await again.getStream(scope, 'g', 's')).toMatchObject({ events: 0 })
    expect(await again.sourceCursor(scope, 'g', 's')).toBeUndefined()
  })
})

describe('the folder', () => {
  test('holds nothing outside of itself, nor descriptors of idle streams', async () => {
    const logs = await openLogStore({ root })
    const names = ['../../evil', '/etc/passwd', '..', '.', 'a\u0000b', 'CON', `${'é'.repeat(511)}`]
    const before = (await readdir('/proc/self/fd')).length
    for (const name of names) {
      await logs.createGroup({ account: '../..', region: '..' }, name, new Date(0))
      for (let i = 0; i < 50; i++)
        await logs.createStream({ account: '../..', region: '..' }, name, `${name}${i}`, new Date(0))
      await logs.append({ account: '../..', region: '..' }, name, `${name}1`, [
        { timestamp: new Date(0), message: 'x' },
      ])
    }
    expect((await logs.groups({ account: '../..', region: '..' })).map((it) => it.name).sort()).toEqual(
      [...names].sort(),
    )
    expect((await readdir('/proc/self/fd')).length).toBeLessThan(before + 10)
    const found = await readdir(root, { recursive: true, withFileTypes: true })
    for (const entry of found) {
      const mode = (await lstat(join(entry.parentPath, entry.name))).mode & 0o777
      expect(mode).toBe(entry.isDirectory() ? 0o700 : 0o600)
    }
    expect(found.filter((entry) => entry.isFile() && entry.name.endsWith('.log'))).toHaveLength(names.length * 50)
  })

  test('is rid at opening of what was half made or half deleted', async () => {
    await write()
    await writeFile(join(root, 'aside', 'half'), '')
    await openLogStore({ root })
    expect(await readdir(join(root, 'aside'))).toEqual([])
  })

  test('linked elsewhere, opens there with what was appended by then, whatever was half written', async () => {
    await write()
    const logs = await openLogStore({ root })
    const parent = await mkdtemp(join(tmpdir(), 'logs-copy-'))
    const [copy, frozen] = [join(parent, 'linked'), join(parent, 'frozen')]
    try {
      await logs.linkAll(copy)
      await appendFile(await fileOf('.log'), Buffer.from('half of a batch'))
      await cp(copy, frozen, { recursive: true })
      const there = await openLogStore({ root: frozen })
      const { events } = await there.read(scope, 'g', 's', all)
      expect(events.map(({ message }) => message)).toEqual(Array.from({ length: 30 }, (_, i) => `line ${i}`))
      expect(await there.sourceCursor(scope, 'g', 's')).toBe('9')
    } finally {
      await rm(parent, { recursive: true })
    }
  })
})
